// SPDX-License-Identifier: Apache-2.0
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { DomId } from '../../src/hv/contract.ts';
import { connectHypercalls, type HypercallClient } from '../../src/hv/hypercalls.ts';
import { createHypervisor, type DomainDoor, type Hypervisor, type HypervisorOptions } from '../../src/hv/hypervisor.ts';

/**
 * Bytes of a machine in tests, which is small: V8 does not count shared memory, so machines of earlier tests stay mapped, and a
 * process that has as much as the system cannot start another one.
 */
export const MACHINE_MEMORY = 2 ** 28;

/** A real hypervisor with domains that make their hypercalls from the test's own thread, through the real gate. */
export interface Machine extends Disposable {
  readonly hv: Hypervisor;
  /** The hypercalls of a domain. @throws when the machine has none */
  dom(domid: DomId): HypercallClient;
  /** The door through which {@link Machine.dom} went. */
  door(domid: DomId): DomainDoor;
  /** Adds a domain with a quota of pages. */
  add(domid: DomId, quotaPages?: number): HypercallClient;
}

/** Starts a machine with these domains, each with `quotaPages` pages; disposing of it destroys them. */
export function startMachine(domids: readonly DomId[], quotaPages = 64, options: HypervisorOptions = {}): Machine {
  const hv = createHypervisor({ memory: MACHINE_MEMORY, ...options });
  const doors = new Map<DomId, DomainDoor>();
  const clients = new Map<DomId, HypercallClient>();

  function known<T>(of: ReadonlyMap<DomId, T>, domid: DomId): T {
    const found = of.get(domid);
    if (found === undefined) throw new Error(`the machine has no domain ${domid}`);
    return found;
  }

  const machine: Machine = {
    hv,
    dom: (domid) => known(clients, domid),
    door: (domid) => known(doors, domid),
    add(domid, pages = quotaPages) {
      const door = hv.createDomain(domid, pages);
      const client = connectHypercalls(door);
      doors.set(domid, door);
      clients.set(domid, client);
      return client;
    },
    [Symbol.dispose]() {
      for (const domid of hv.domids()) hv.destroyDomain(domid);
    },
  };
  for (const domid of domids) machine.add(domid);
  return machine;
}

/** Lets the event loop turn until something holds. @throws after ten seconds: a bound, not a delay */
export async function until(holds: () => boolean): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!holds()) {
    if (performance.now() > deadline) throw new Error(`did not come true: ${holds}`);
    await nextTurn();
  }
}

/** Counts the events of a port from now on; those from before are over. */
export function countEvents(dom: HypercallClient, port: number): { count: number } {
  const seen = { count: 0 };
  dom.evtchn.listen(port, () => {
    seen.count++;
  });
  dom.evtchn.poll();
  seen.count = 0;
  return seen;
}

/** Two bound ports, over the gate; both quiet. @returns the port of each */
export async function bindPorts(far: HypercallClient, near: HypercallClient): Promise<{ far: number; near: number }> {
  const farPort = await far.evtchn.allocUnbound(near.domid);
  const nearPort = await near.evtchn.bindInterdomain(far.domid, farPort);
  // An answer comes after the binding: the far end's thread knows its partner from here on.
  await far.evtchn.status(farPort);
  near.evtchn.poll();
  return { far: farPort, near: nearPort };
}
