// SPDX-License-Identifier: Apache-2.0
import { MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import type { Port } from '../port.ts';
import type { TraceMemory } from '../trace/memory.ts';
import { POINT } from '../trace/points.ts';
import { createRecorder, type Recorder } from '../trace/recorder.ts';
import { createArgoClient } from './argo-client.ts';
import type { ArgoNews } from './argo-messages.ts';
import { type EvtchnPort, type Extent, HypercallError, type Hypercalls, type Mapping } from './contract.ts';
import { createDispatcher, type Dispatcher } from './dispatcher.ts';
import type { Binding } from './evtchn.ts';
import { type FramePoolDoor, openFramePool } from './frames-pool.ts';
import type { HypercallReply } from './gate.ts';
import type { DomainMemory } from './hypervisor.ts';
import { createLendingClient } from './lending-client.ts';
import type { LendingNews } from './lending-messages.ts';
import { ownMap } from './own-map.ts';
import {
  clearMask,
  countSent,
  isInterdomain,
  portState,
  portsOf,
  type SharedInfo,
  setMask,
  setPending,
} from './shared-info.ts';

// Taken before any kernel runs: an accessor that it puts on all objects must not be handed a message.
const { hasOwn } = Object;

/** What the hypervisor says unasked. */
type News =
  | { readonly bound: Binding }
  | { readonly argo: ArgoNews }
  | { readonly lending: LendingNews }
  | { readonly trace: TraceMemory | undefined };

interface Pending {
  resolve(value: unknown): void;
  reject(error: HypercallError): void;
}

function holds<T extends object, K extends PropertyKey>(
  message: T,
  name: K,
): message is Extract<T, Record<K, unknown>> {
  return hasOwn(message, name);
}

/** Hypercalls of a domain and the end of their life. */
export interface HypercallClient extends Hypercalls {
  /** Stops events and fails what is outstanding. */
  close(): void;
}

/**
 * The domain's side of the gate: in the domain's thread, over the door that the hypervisor gave it.
 *
 * @param dispatch delivers its events; by itself, unless others share the thread
 */
export function connectHypercalls(
  { domid, info, lending, trace: traced, port }: DomainMemory & { readonly port: Port },
  dispatch: (info: SharedInfo, trace: Recorder) => Dispatcher = createDispatcher,
): HypercallClient {
  const pending = ownMap<number, Pending>();
  const bindings: (Binding | undefined)[] = new Array(portsOf(info)).fill(undefined);
  /** Notifications of ports that are bound although the binding itself has not reached this thread yet. */
  const early = new Set<EvtchnPort>();
  const trace = createRecorder();
  trace.record(traced);
  const dispatcher = dispatch(info, trace);
  let nextId = 1;
  let closed = false;

  function ask(op: string, args: readonly unknown[], done: Pending): void {
    if (closed) {
      done.reject(new HypercallError('ENODEV', 'the domain is gone'));
      return;
    }
    const id = nextId++;
    pending.set(id, done);
    port.postMessage({ id, op, args });
  }

  function call<T>(op: string, ...args: unknown[]): Promise<T> {
    return new Promise<T>((resolve, reject) => ask(op, args, { resolve: resolve as (value: unknown) => void, reject }));
  }

  const pools: FramePoolDoor[] = [];
  const argoClient = createArgoClient(domid, info, ask);
  const lendingClient = createLendingClient(domid, lending, ask);

  function onMessage(message: HypercallReply | News): void {
    if (holds(message, 'lending')) {
      lendingClient.onNews(message.lending);
      return;
    }
    if (holds(message, 'trace')) {
      trace.record(message.trace);
      return;
    }
    if (holds(message, 'argo')) {
      argoClient.onNews(message.argo);
      return;
    }
    if (holds(message, 'bound')) {
      bindings[message.bound.port] = message.bound;
      if (early.delete(message.bound.port)) notify(message.bound.port);
      return;
    }
    const waiting = pending.get(message.id);
    pending.delete(message.id);
    if (holds(message, 'code')) waiting?.reject(new HypercallError(message.code, message.message, message.status));
    else waiting?.resolve(message.result);
  }

  function onClose(): void {
    closed = true;
    dispatcher.stop();
    // Its thread may go on: what is left of it in there rings nobody's bell.
    bindings.fill(undefined);
    for (const { reject } of pending.values()) reject(new HypercallError('ENODEV', 'the domain is gone'));
    pending.clear();
  }

  function notify(near: EvtchnPort): void {
    const binding = bindings[near];
    const state = portState(info, near);
    if (binding !== undefined && binding.state === state) {
      if (trace.on) trace.mark(POINT.notify, near, binding.remote, binding.remotePort);
      countSent(info, near);
      setPending(binding.remoteInfo, binding.remotePort);
    } else if (isInterdomain(state)) {
      early.add(near);
      readGate();
    }
  }

  /** Takes what has arrived, for who may not yield: the answers wait as before for those who do. */
  function readGate(): void {
    if (!(port instanceof MessagePort)) {
      port.deliver?.();
      return;
    }
    for (let news = receiveMessageOnPort(port); news !== undefined; news = receiveMessageOnPort(port)) {
      onMessage(news.message);
    }
  }

  function wait(near: EvtchnPort, timeout: number): boolean {
    if (bindings[near]?.state !== portState(info, near)) readGate();
    const binding = bindings[near];
    // With both ends in one thread nobody else would answer.
    if (binding?.remote === domid) dispatcher.deliver(binding.remotePort);
    return dispatcher.wait(near, timeout);
  }

  port.on('message', onMessage);
  port.once('close', onClose);
  return {
    domid,
    memory: {
      alloc: (order) => call('memory.alloc', order),
      free: (extent) => call('memory.free', extent.id),
      left: () => call('memory.left'),
    },
    frames: {
      async pool(pages) {
        const door = await call<FramePoolDoor>('frames.pool', pages);
        pools.push(door);
        return openFramePool(door);
      },
    },
    gnttab: {
      grantAccess: (to, extent, options) => call('gnttab.grantAccess', to, extent.id, options?.readonly ?? false),
      endAccess: (gref) => call('gnttab.endAccess', gref),
      map: (from, gref, options) => call<Mapping>('gnttab.map', from, gref, options?.readonly ?? false),
      unmap: (mapping) => call('gnttab.unmap', mapping.handle),
      copy: (source, target, length) => call('gnttab.copy', source, target, length),
      acceptTransfer: (from) => call('gnttab.acceptTransfer', from),
      transfer: (to, gref, extent) => call('gnttab.transfer', to, gref, extent.id),
      completeTransfer: (gref) => call<Extent | undefined>('gnttab.completeTransfer', gref),
    },
    evtchn: {
      allocUnbound: (remote) => call('evtchn.allocUnbound', remote),
      bindInterdomain: (remote, remotePort) => call('evtchn.bindInterdomain', remote, remotePort),
      bindVirq: (virq) => call('evtchn.bindVirq', virq),
      close(near) {
        // The port's next life must not reach this one's handler.
        dispatcher.listen(near, undefined);
        return call('evtchn.close', near);
      },
      status: (near) => call('evtchn.status', near),
      notify,
      mask: (near) => setMask(info, near),
      unmask: (near) => clearMask(info, near),
      listen(near, handler) {
        dispatcher.listen(near, handler);
        // What came before there was a handler was dropped; a spurious event is harmless, a lost one is not.
        if (handler !== undefined) setPending(info, near);
      },
      poll: dispatcher.poll,
      isBound: (near) => isInterdomain(portState(info, near)),
      wait,
    },
    argo: argoClient.argo,
    lending: lendingClient.lending,
    trace,
    close() {
      for (const pool of pools) pool.over = true;
      lendingClient.close();
      port.close();
    },
  };
}
