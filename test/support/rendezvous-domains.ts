// SPDX-License-Identifier: Apache-2.0

import { giveAddresses, takeAddresses } from '../../src/domain/addresses.ts';
import type { DomId } from '../../src/hv/contract.ts';
import type { HypercallClient } from '../../src/hv/hypercalls.ts';
import type { Endpoint, EndpointHandlers } from '../../src/idc/contract.ts';
import { createRemoteBuffers } from '../../src/idc/remote-buffers.ts';
import type { RemoteBuffers } from '../../src/idc/remote-contract.ts';
import {
  createRendezvous,
  type Listener,
  type ListenOptions,
  type RendezvousOptions,
} from '../../src/idc/rendezvous.ts';
import type { Guest } from '../../src/idc/rendezvous-listen.ts';
import type { XenstoreClient } from '../../src/xenstore/client-contract.ts';
import type { StoreConnection } from '../../src/xenstore/contract.ts';
import { localClient } from '../../src/xenstore/local.ts';
import { createStore } from '../../src/xenstore/store.ts';
import { startMachine } from './hv-machine.ts';

/** The address that everybody in these tests is given. */
export const ADDRESS = 'place';

/** A domain in the test's own thread, over a real hypervisor and a real store. */
export interface TestDomain {
  readonly hypercalls: HypercallClient;
  readonly buffers: RemoteBuffers;
  readonly xs: XenstoreClient;
  connect(options?: RendezvousOptions, address?: string): Endpoint;
  listen(onGuest: (guest: Guest) => void, options?: ListenOptions): Listener;
}

/** What a domain's ways out are replaced with. */
export interface Wrapping {
  readonly store?: (xs: XenstoreClient) => XenstoreClient;
  readonly hypercalls?: (hypercalls: HypercallClient) => HypercallClient;
}

/** Creates a supervisor without threads: domains, their addresses, their ends. */
export function startDomains(domids: readonly DomId[], quotaPages = 256) {
  const machine = startMachine([]);
  const store = createStore();
  const xs: StoreConnection = store.connect(0, () => true);

  function start(domid: DomId, { store: wrapStore = same, hypercalls: wrapCalls = same }: Wrapping = {}): TestDomain {
    machine.add(domid, quotaPages);
    store.introduceDomain(domid);
    giveAddresses(xs, domid, [ADDRESS]);
    const hypercalls = wrapCalls(machine.dom(domid));
    const client = wrapStore(localClient(store, domid));
    const buffers = createRemoteBuffers(hypercalls);
    const rendezvous = createRendezvous(hypercalls, client, buffers);
    return {
      hypercalls,
      buffers,
      xs: client,
      connect: (options, address = ADDRESS) => rendezvous.endpoint(address, options),
      listen: (onGuest, options) => rendezvous.listen(ADDRESS, onGuest, options),
    };
  }

  return {
    hv: machine.hv,
    store,
    /** Domain 0's connection. */
    xs,
    start,
    domains: domids.map((domid) => start(domid)),
    /** Ends a domain as xend does: what it published, what it held, what it was. */
    kill(domid: DomId): void {
      takeAddresses(xs, domid, [ADDRESS]);
      machine.hv.destroyDomain(domid);
      store.releaseDomain(domid);
    },
    /** Texts of the levels that are published now, by path. */
    levels(): ReadonlyMap<string, string> {
      const found = new Map<string, string>();
      for (const domid of xs.directory(`/idc/${ADDRESS}`)) {
        for (const name of xs.directory(`/idc/${ADDRESS}/${domid}`)) {
          const path = `/idc/${ADDRESS}/${domid}/${name}`;
          found.set(path, xs.read(path));
        }
      }
      return found;
    },
    [Symbol.dispose]: () => machine[Symbol.dispose](),
  };
}

export type TestDomains = ReturnType<typeof startDomains>;

function same<T>(value: T): T {
  return value;
}

const NEXT: Readonly<Record<string, string>> = { '': 'ae', a: 'cx', c: 'd', d: 'cx', x: 'ae', e: '' };

/** Handlers that note what an endpoint is told, and object to what the grammar does not allow. */
export interface Diary {
  /** A letter for each: appear, connect, disconnect, disappear (x), and the end (e). */
  readonly told: string;
  readonly handlers: EndpointHandlers;
  /** For `destroy`. */
  end(): void;
}

export function keepDiary(more: EndpointHandlers = {}): Diary {
  let told = '';
  function note(letter: string): void {
    if (!NEXT[told.at(-1) ?? '']!.includes(letter)) throw new Error(`${letter} after ${told}`);
    told += letter;
  }
  return {
    get told() {
      return told;
    },
    end: () => note('e'),
    handlers: {
      ...more,
      onAppear: () => note('a'),
      onConnect() {
        note('c');
        more.onConnect?.();
      },
      onDisconnect(done) {
        note('d');
        if (more.onDisconnect) more.onDisconnect(done);
        else done();
      },
      onDisappear: () => note('x'),
    },
  };
}

/**
 * A store whose watches are as bad as they may be: events are late, merged, doubled and made up; only after the last change
 * one comes, some time.
 */
export function lossy(xs: XenstoreClient, below: (limit: number) => number): XenstoreClient {
  return {
    ...xs,
    watch(path, { listener, ...options } = {}) {
      let pending = 0;
      const later = (turns: number): void => {
        pending++;
        const turn = (left: number): void => {
          if (left > 0) {
            setImmediate(turn, left - 1);
            return;
          }
          // What comes after this one tells the same.
          if (--pending > 0 && below(2) === 0) return;
          for (let times = below(3); times >= 0; times--) listener?.(path);
        };
        turn(turns);
      };
      return xs.watch(path, { ...options, listener: () => later(below(6)) });
    },
  };
}
