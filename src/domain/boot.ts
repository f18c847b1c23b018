// SPDX-License-Identifier: Apache-2.0
import { createHash, getHashes } from 'node:crypto';
import { createDomainArgo } from '../argo/domain-argo.ts';
import { messageOf } from '../errors.ts';
import type { Dispatcher } from '../hv/dispatcher.ts';
import { connectHypercalls } from '../hv/hypercalls.ts';
import type { DomainMemory } from '../hv/hypervisor.ts';
import type { SharedInfo } from '../hv/shared-info.ts';
import { lazyArgoBell } from '../idc/argo-bell.ts';
import { createRemoteBuffers } from '../idc/remote-buffers.ts';
import { createRendezvous } from '../idc/rendezvous.ts';
import type { Port } from '../port.ts';
import { channelTrace } from '../trace/channel.ts';
import type { Recorder } from '../trace/recorder.ts';
import { createVchans } from '../vchan/vchans.ts';
import type { Vsocks } from '../vsock/contract.ts';
import { createVsocks } from '../vsock/vsocks.ts';
import { connectStore } from '../xenstore/port.ts';
import { namedArgs } from './args.ts';
import { createBacks } from './backs.ts';
import type { ClassModule } from './class-modules.ts';
import type { Domain, DomainConsole, Kernel, ShutdownReason } from './contract.ts';
import {
  CMSG_STATUS,
  type ControlBody,
  type ControlChannel,
  type ControlHandler,
  createControlChannel,
  OKAY,
} from './control.ts';
import { createFronts } from './fronts.ts';
import { createHooks, type Hooks } from './hooks.ts';
import { createIdc } from './idc.ts';
import { createIdcControl, endpointNews } from './idc-control.ts';
import type { StorePage } from './store-page.ts';
import { createVsockControl } from './vsock-control.ts';
import { createVsockHost } from './vsock-host.ts';

/** What a kernel may return; anything else means `poweroff`. */
const REASONS: ReadonlySet<unknown> = new Set<ShutdownReason>(['poweroff', 'reboot', 'halt']);

/** How long a domain's last console output may take to reach the back end, milliseconds. */
const DRAIN_LIMIT = 1000;

/** What a domain is, to itself. */
export interface DomainData {
  readonly memory: DomainMemory;
  /** Absent for Domain-0, and for domains that share a thread. */
  readonly storePage?: StorePage | undefined;
  readonly name: string;
  readonly args: string;
  readonly fronts: readonly ClassModule[];
  readonly backs: readonly ClassModule[];
  readonly runDir: string;
  /** Addresses that it was given. */
  readonly addresses: readonly string[];
  /** State of its kernel, as a former life was saved with it. */
  readonly restored?: Uint8Array | undefined;
  /** Whether it may be called over virtual sockets, also when its kernel never asks for one. */
  readonly vsock: boolean;
}

/** The lines of a domain. */
export interface DomainDoors<P extends Port = Port> {
  readonly hypercalls: P;
  readonly store: P;
  readonly control: P;
}

/** What is different for domains that share a thread. */
export interface BootWays {
  /** Absent for Domain-0, which serves until its thread is ended. */
  readonly loadKernel: (() => Promise<Kernel>) | undefined;
  readonly dispatch?: (info: SharedInfo, trace: Recorder) => Dispatcher;
}

/** A domain that boots or runs. */
export interface BootedDomain {
  /** Resolves when the kernel has ended and xend knows why, or when Domain-0 is ready; a rejection is the domain's crash. */
  readonly ended: Promise<void>;
  /** Closes all that the domain has: its signal aborts, nothing reaches it any more, and what it waits for fails or never comes. */
  close(): void;
}

/** Boots a domain: announces drivers to xend, loads the kernel, waits until xend lets it start, runs it, reports how it ended. */
export function bootDomain(data: DomainData, doors: DomainDoors, ways: BootWays): BootedDomain {
  const hypercalls = connectHypercalls({ ...data.memory, port: doors.hypercalls }, ways.dispatch);
  const xenstore = connectStore(doors.store);
  const shutdown = new AbortController();
  let closed = false;
  let control: ControlChannel;
  const buffers = createRemoteBuffers(hypercalls);
  const fronts = createFronts(data.name, { hypercalls, buffers }, () => control);
  const backs = createBacks(data.name, { hypercalls, buffers }, data.runDir, () => control);
  const bell = lazyArgoBell(hypercalls);
  const rendezvous = createRendezvous(hypercalls, xenstore, buffers, bell, (end, news) => {
    void control.request('IDC', 'ENDPOINT', endpointNews(end, news));
  });
  const handleIdc = createIdcControl(rendezvous);
  const vchan = createVchans(hypercalls, xenstore);
  let hooks: Hooks | undefined;
  let vsocks: Vsocks | undefined;
  const vsock = (): Vsocks => (vsocks ??= createVsocks(hypercalls, xenstore, bell, { host }));
  // Domain-0 alone can reach the host.
  const host = ways.loadKernel === undefined ? createVsockHost(data.runDir, vsock) : undefined;
  const handleVsock = createVsockControl(vsock, host?.messages);
  if (data.vsock) vsock();

  const handle: ControlHandler = (type, subtype, body: ControlBody) => {
    const [, deviceClass = '', end] = /^(.+)_(FE|BE)$/.exec(type) ?? [];
    if (end !== undefined) {
      const ends = end === 'FE' ? fronts : backs;
      if (subtype === 'DRIVER_LOAD') return ends.announce(body.driver as ClassModule);
      if (subtype === 'DRIVER_UNLOAD') return ends.retire(deviceClass.toLowerCase());
      return ends.handle(deviceClass.toLowerCase(), subtype, body);
    }
    if (type === 'IDC') return handleIdc(subtype, body);
    if (type === 'DOMAIN' && hooks !== undefined) return hooks.handle(subtype, body);
    if (type === 'VSOCK') return handleVsock(subtype, body);
    // Domain-0 alone is asked, and loads what it takes when it is.
    if (type === 'VCHAN') return import('./vchan-node.ts').then((node) => node.openVchanNode(vchan, data.runDir, body));
    // The message says which shutdown; the kernel learns it as the signal's reason.
    if (type === 'SHUTDOWN') shutdown.abort(subtype.toLowerCase());
    return OKAY;
  };
  control = createControlChannel(doors.control, handle, channelTrace(hypercalls.trace, data.memory.domid, 'front'));

  function createWorld({ restored, onSave, onInterrupt }: Hooks): Domain {
    return {
      domid: data.memory.domid,
      name: data.name,
      args: namedArgs(data.args),
      commandLine: data.args,
      console: fronts.find('console')?.driver as DomainConsole,
      devices: fronts,
      xenstore,
      storePage: data.storePage,
      hypercalls,
      idc: createIdc(data.name, data.addresses, rendezvous, buffers),
      vchan,
      get vsock() {
        return vsock();
      },
      argo: createDomainArgo(hypercalls, bell),
      signal: shutdown.signal,
      restored,
      onSave,
      onInterrupt,
      digest(algorithm) {
        if (!getHashes().includes(algorithm)) return undefined;
        const hash = createHash(algorithm);
        return { update: (bytes) => void hash.update(bytes), hex: () => hash.digest('hex') };
      },
    };
  }

  async function boot(): Promise<void> {
    for (const from of data.backs) await backs.announce(from);
    for (const from of data.fronts) await fronts.announce(from);
    // Before it is ready: a kernel that cannot be loaded makes no domain.
    const kernel = await ways.loadKernel?.();
    hooks = createHooks(data.restored);
    // Answered when the domain may run: at once, or at `xm unpause`.
    const { status } = await control.request('DOMAIN', 'READY', {}, 2 ** 31 - 1);
    if (kernel === undefined || status !== CMSG_STATUS.okay) return;
    const reason = await runKernel(kernel, createWorld(hooks), () => closed);
    await control.request('DOMAIN', 'EXIT', { reason });
  }

  return {
    ended: boot(),
    close() {
      closed = true;
      // What the kernel has begun cannot be taken from it, but it is told.
      shutdown.abort('halt');
      hypercalls.close();
      xenstore.close();
      control.close();
    },
  };
}

/**
 * @param closed whether the domain has ended before its kernel
 * @returns why it ended
 */
async function runKernel(kernel: Kernel, domain: Domain, closed: () => boolean): Promise<unknown> {
  const { console, signal } = domain;
  const lastWords = async () => {
    let timer: NodeJS.Timeout | undefined;
    await Promise.race([console.drained(), new Promise((done) => (timer = setTimeout(done, DRAIN_LIMIT)))]);
    clearTimeout(timer);
  };
  try {
    const reason = (await kernel(domain)) ?? signal.reason;
    await lastWords();
    return REASONS.has(reason) ? reason : 'poweroff';
  } catch (error) {
    if (closed()) throw error;
    console.write(`\r\nKernel crashed: ${messageOf(error)}\r\n`);
    await lastWords();
    throw error;
  }
}
