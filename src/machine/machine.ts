// SPDX-License-Identifier: Apache-2.0
import { basename, extname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadKernel } from '../domain/launch.ts';
import { type Watched, watchMemory } from '../domain/memory-watch.ts';
import { joinGroups, type VsockMember } from '../domain/vsock-peers.ts';
import { XmError } from '../errors.ts';
import type { DomId } from '../hv/contract.ts';
import { createHypervisor } from '../hv/hypervisor.ts';
import { isAddress } from '../words.ts';
import { createStore } from '../xenstore/store.ts';
import type { DomainOptions, Machine } from './contract.ts';
import { startGuest } from './guest.ts';
import { createLocalDomain } from './local.ts';
import { type Admitted, localHypercalls, type Site } from './site.ts';

/** MB of memory: of a domain of which nothing is said, and the least that a thread can live in. */
const DEFAULT_MEMORY = 64;
const MIN_MEMORY = 16;
/** MB of memory for domain 0, which serves consoles and needs next to none. */
const CONTROL_MEMORY = 2;

/** A domain as the machine keeps it. */
interface Inhabitant extends VsockMember {
  /** Absent in the program's own thread. */
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
  const hv = createHypervisor();
  const store = createStore();
  const control = localHypercalls(hv, 0, CONTROL_MEMORY);
  const site: Site = { hv, store, xs: store.connect(0, () => true), control };
  const inhabitants = new Map<DomId, Inhabitant>();
  const endWatch = watchMemory(() => [...inhabitants.values()].flatMap(({ watched }) => watched ?? []));
  let nextDomid: DomId = 1;
  let stopping: Promise<void> | undefined;

  function admit(
    name: string,
    { memory = DEFAULT_MEMORY, idc: addresses = [], vsock: groups = {} }: DomainOptions,
  ): Admitted {
    if (stopping !== undefined) throw new XmError('ESTOPPING', 'the machine was stopped');
    if ([...inhabitants.values()].some((other) => other.name === name)) {
      throw new XmError('EEXIST', `Domain '${name}' already exists`);
    }
    if (!(memory >= MIN_MEMORY)) {
      throw new XmError('EMEMORY', `${memory} MB of memory are not enough: a domain needs ${MIN_MEMORY} MB`);
    }
    const wrong = addresses.find((address) => !isAddress(address));
    if (wrong !== undefined) {
      throw new XmError('EADDRESS', `'${wrong}' is no address: that is at most 64 letters, digits, _ and -`);
    }
    return { domid: nextDomid++, name, memory, addresses, groups };
  }

  function settle(spec: Admitted, inhabitant: Pick<Inhabitant, 'watched' | 'end'>): void {
    const { domid, name, groups } = spec;
    const member = { domid, name, groups, ...inhabitant };
    inhabitants.set(domid, member);
    joinGroups(site.xs, member, inhabitants.values());
  }

  async function stop(): Promise<void> {
    endWatch();
    await Promise.all([...inhabitants.values()].map((one) => one.end()));
    hv.destroyDomain(0);
  }

  const machine: Machine = {
    async start(module, options = {}) {
      const file = typeof module === 'string' && !module.startsWith('file:') ? resolve(module) : fileURLToPath(module);
      const { name = basename(file, extname(file)), args = '' } = options;
      const kernel = loadKernel(file);
      const spec = admit(name, options);
      const { domain, watched, running } = startGuest(site, { ...spec, kernel, args }, () =>
        inhabitants.delete(spec.domid),
      );
      settle(spec, { watched, end: domain.destroy });
      await running;
      return domain;
    },
    domain(name, options = {}) {
      const spec = admit(name, options);
      const domain = createLocalDomain(site, spec, () => inhabitants.delete(spec.domid));
      settle(spec, { end: domain.end });
      return domain;
    },
    stop: () => (stopping ??= stop()),
    [Symbol.asyncDispose]: () => machine.stop(),
  };
  return machine;
}
