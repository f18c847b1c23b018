// SPDX-License-Identifier: Apache-2.0
import { basename, extname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { console as consoleClass } from '../devices/console/class.ts';
import { giveAddresses, takeAddresses } from '../domain/addresses.ts';
import type { ShutdownReason } from '../domain/contract.ts';
import { type ControlHandler, OKAY } from '../domain/control.ts';
import { loadKernel, type ThreadEnd } from '../domain/launch.ts';
import { V8_HEAP, type Watched, watchMemory } from '../domain/memory-watch.ts';
import { type Ground, startDomain } from '../domain/start.ts';
import { XmError } from '../errors.ts';
import type { DomId } from '../hv/contract.ts';
import { createHypervisor } from '../hv/hypervisor.ts';
import { createStore } from '../xenstore/store.ts';
import { serveConsole } from './console.ts';
import type { DomainEnd, DomainOptions, LocalDomain, Machine, MachineDomain } from './contract.ts';
import { createLocalDomain, localHypercalls } from './local.ts';

/** MB of memory: of a domain of which nothing is said, and the least that a thread can live in. */
const DEFAULT_MEMORY = 64;
const MIN_MEMORY = 16;
/** MB of pages for domain 0, which serves consoles and needs next to none. */
const CONTROL_PAGES = 1;
/** How long a kernel may take to be loaded, milliseconds. */
const LOAD_LIMIT = 20_000;

const REASONS: readonly ShutdownReason[] = ['poweroff', 'reboot', 'halt'];

/** A domain as the machine keeps it: the watched ones have threads. */
interface Inhabitant {
  readonly name: string;
  readonly watched?: Watched;
  end(): unknown;
}

/**
 * Makes a machine in this program: a hypervisor, a store, and the domains that are started on it.
 *
 * The program's thread is the supervisor, as xend's is: what it does for long, the domains wait for when they connect, but not
 * when they talk with each other.
 */
export function createMachine(): Machine {
  const ground: Ground = { hv: createHypervisor(), store: createStore() };
  const { hv, store } = ground;
  const xs = store.connect(0, () => true);
  const control = localHypercalls(ground, 0, CONTROL_PAGES);
  const inhabitants = new Map<DomId, Inhabitant>();
  const endWatch = watchMemory(() => [...inhabitants.values()].flatMap(({ watched }) => watched ?? []));
  let nextDomid: DomId = 1;
  let stopped = false;

  /** @returns the number of a domain that may be made, and MB that it may have in heap and in pages */
  function admit(name: string, { memory = DEFAULT_MEMORY }: DomainOptions) {
    if (stopped) throw new XmError('ESTOPPING', 'the machine was stopped');
    if ([...inhabitants.values()].some((other) => other.name === name)) {
      throw new XmError('EEXIST', `Domain '${name}' already exists`);
    }
    if (!(memory >= MIN_MEMORY)) {
      throw new XmError('EMEMORY', `${memory} MB of memory are not enough: a domain needs ${MIN_MEMORY} MB`);
    }
    return { domid: nextDomid++, memory, share: memory / 2 };
  }

  function domain(name: string, options: DomainOptions = {}): LocalDomain {
    const { domid, share } = admit(name, options);
    const spec = { domid, name, pagesMB: share, addresses: options.idc ?? [] };
    const made = createLocalDomain(ground, xs, spec, () => inhabitants.delete(domid));
    inhabitants.set(domid, { name, end: made.end });
    return made;
  }

  const start: Machine['start'] = async (module, options = {}) => {
    const file = typeof module === 'string' && !module.startsWith('file:') ? resolve(module) : fileURLToPath(module);
    const { name = basename(file, extname(file)), args = '', idc: addresses = [] } = options;
    const kernel = loadKernel(file);
    const { domid, memory, share } = admit(name, options);
    const ready = Promise.withResolvers<void>();
    const terminal = serveConsole(hv, control, domid, () => started.control);
    let reason: DomainEnd['reason'] | undefined;
    let failure: Error | undefined;

    const handle: ControlHandler = async (type, subtype, body) => {
      if (type === 'CONSOLE_FE') return terminal.handle(subtype, body);
      if (subtype === 'EXIT') reason ??= REASONS.find((one) => one === body.reason);
      if (subtype === 'READY') {
        // The kernel may print from its first step.
        await terminal.connected;
        ready.resolve();
      }
      return OKAY;
    };

    const front = { name: consoleClass.name, module: consoleClass.front.href };
    const spec = { domid, name, kernel, args, addresses, pagesMB: share, heapMB: V8_HEAP };
    const started = startDomain(ground, { ...spec, fronts: [front], backs: [], runDir: '' }, handle);
    giveAddresses(xs, domid, addresses);

    function exceeded(used: string): void {
      failure ??= new Error(`out of memory: ${used} of ${memory} MB`);
      void started.thread.kill();
    }

    async function cleanUp({ exitCode, error = failure }: ThreadEnd): Promise<DomainEnd> {
      started.control.close();
      await terminal.close();
      // Those who lent it memory have it back before they see it go.
      hv.unmapAll(domid);
      takeAddresses(xs, domid, addresses);
      started.store.close();
      hv.destroyDomain(domid);
      store.releaseDomain(domid);
      inhabitants.delete(domid);
      if (error !== undefined) return { reason: 'crash', error };
      if (reason === undefined && exitCode !== 0)
        return { reason: 'crash', error: new Error(`exit status ${exitCode}`) };
      return { reason: reason ?? 'poweroff' };
    }

    const ended = started.thread.ended.then(cleanUp);
    const made: MachineDomain = {
      domid,
      name,
      console: terminal.stream,
      ended,
      async shutdown(asked = 'poweroff') {
        void started.control.request('SHUTDOWN', asked.toUpperCase());
        return ended;
      },
      async destroy() {
        reason = 'destroyed';
        await started.thread.kill();
        return ended;
      },
    };
    const watched: Watched = { worker: started.thread.worker, heap: share, all: memory, exceeded };
    inhabitants.set(domid, { name, watched, end: made.destroy });

    const late = setTimeout(() => {
      failure ??= new Error(`it is still being loaded after ${LOAD_LIMIT / 1000} s`);
      void started.thread.kill();
    }, LOAD_LIMIT);
    const early = await Promise.race([ready.promise, ended]).finally(() => clearTimeout(late));
    if (early === undefined) return made;
    const why = early.error?.message ?? early.reason;
    throw new XmError('EDOMAINDIED', `Domain '${name}' ended before it ran: ${why}`, { cause: early.error });
  };

  async function stop(): Promise<void> {
    if (stopped) return;
    stopped = true;
    endWatch();
    await Promise.all([...inhabitants.values()].map((one) => one.end()));
    hv.destroyDomain(0);
  }

  return { start, domain, stop, [Symbol.asyncDispose]: stop };
}
