// SPDX-License-Identifier: Apache-2.0
import { consoleClass } from '../devices/console/class.ts';
import { giveAddresses, takeAddresses } from '../domain/addresses.ts';
import type { ShutdownReason } from '../domain/contract.ts';
import { type ControlHandler, OKAY } from '../domain/control.ts';
import type { KernelImage, ThreadEnd } from '../domain/launch.ts';
import { V8_HEAP, type Watched } from '../domain/memory-watch.ts';
import { startDomain } from '../domain/start.ts';
import { separatePeers } from '../domain/vsock-peers.ts';
import { XmError } from '../errors.ts';
import { serveConsole } from './console.ts';
import type { DomainEnd, MachineDomain } from './contract.ts';
import { giveHome, takeHome } from './home.ts';
import type { Admitted, Site } from './site.ts';

/** How long a kernel may take to be loaded, milliseconds. */
const LOAD_LIMIT = 20_000;

const REASONS: readonly ShutdownReason[] = ['poweroff', 'reboot', 'halt'];

/** What a domain with a thread of its own is. */
export interface GuestSpec extends Admitted {
  readonly kernel: KernelImage;
  readonly args: string;
}

/** A domain that was started. */
export interface Guest {
  readonly domain: MachineDomain;
  /** For who watches its memory. */
  readonly watched: Watched;
  /** Resolves when its kernel starts; rejects with XmError `EDOMAINDIED` when it never will. */
  readonly running: Promise<void>;
}

/**
 * Starts a domain in a thread of its own, and cleans up after it when that has ended.
 *
 * @param onEnd told when nothing of it is left
 */
export function startGuest(site: Site, spec: GuestSpec, onEnd: () => void): Guest {
  const { hv, store, xs, control } = site;
  const { domid, name, memory, addresses } = spec;
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

  const consoles = consoleClass();
  const front = { name: consoles.name, module: consoles.front.href };
  const share = { pagesMB: memory / 2, heapMB: V8_HEAP };
  const vsock = Object.keys(spec.groups).length > 0;
  const started = startDomain(site, { ...spec, ...share, fronts: [front], backs: [], runDir: '', vsock }, handle);
  giveHome(xs, domid);
  giveAddresses(xs, domid, addresses);

  function fail(why: string): void {
    failure ??= new Error(why);
    void started.thread.kill();
  }

  async function cleanUp({ exitCode, error = failure }: ThreadEnd): Promise<DomainEnd> {
    started.control.close();
    await terminal.close();
    // Those who lent it memory have it back before they see it go.
    hv.unmapAll(domid);
    takeAddresses(xs, domid, addresses);
    separatePeers(xs, domid);
    takeHome(xs, domid);
    started.store.close();
    hv.destroyDomain(domid);
    store.releaseDomain(domid);
    onEnd();
    if (error !== undefined) return { reason: 'crash', error };
    if (reason !== undefined || exitCode === 0) return { reason: reason ?? 'poweroff' };
    return { reason: 'crash', error: new Error(`exit status ${exitCode}`) };
  }

  async function whenRunning(): Promise<void> {
    const late = setTimeout(fail, LOAD_LIMIT, `it is still being loaded after ${LOAD_LIMIT / 1000} s`);
    const early = await Promise.race([ready.promise, ended]).finally(() => clearTimeout(late));
    if (early === undefined) return;
    const text = `Domain '${name}' ended before it ran: ${early.error?.message ?? early.reason}`;
    throw new XmError('EDOMAINDIED', text, { cause: early.error });
  }

  const ended = started.thread.ended.then(cleanUp);
  return {
    running: whenRunning(),
    watched: {
      worker: started.thread.worker,
      heap: memory / 2,
      all: memory,
      exceeded: (used) => fail(`out of memory: ${used} of ${memory} MB`),
    },
    domain: {
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
    },
  };
}
