// SPDX-License-Identifier: Apache-2.0
import type { ArgoErrno } from './argo-contract.ts';
import { type ArgoMemory, openRingMemory, RING_STATE, ringPhase, ringState } from './argo-memory.ts';
import type { ArgoNews, Resolution } from './argo-messages.ts';
import type { PortFilter } from './argo-rules.ts';
import type { DomId } from './contract.ts';
import { ownMap } from './own-map.ts';
import { argoChanges, argoPartnerRings, raiseArgo, type SharedInfo } from './shared-info.ts';

/** Addresses remembered that no ring is at; more, and all of these are forgotten. */
const MAX_NOWHERE = 1024;

/** A ring that this domain's messages go to. */
export interface Route {
  readonly id: number;
  readonly memory: ArgoMemory;
  /** `ringPhase` for which all this holds. */
  readonly phase: number;
  readonly filter: PortFilter | undefined;
  readonly shared: boolean;
  /** The receiver's shared page. */
  readonly info: SharedInfo;
}

interface Destination {
  readonly domid: DomId;
  readonly aport: number;
  asking: boolean;
  /** Whoever awaits the answer. */
  readonly waiting: (() => void)[];
  /** The last answer, undefined before the first. */
  found: Route | ArgoErrno | undefined;
  changes: number;
  partnerRings: number;
}

/** Whether a port of this domain may send along a route. Runs no code of a kernel. */
export function mayPass({ filter }: Route, aport: number): boolean {
  if (filter === undefined) return true;
  const { accept, except } = filter;
  for (let index = 0; index < except.length; index++) if (except[index] === aport) return !accept;
  return accept;
}

/** What a hypercall client knows of where messages go. */
export interface ArgoRoutes {
  /** The ring for messages to an address; or `EAGAIN` when the hypervisor has to be asked, which this does. */
  find(domid: DomId, aport: number): Route | ArgoErrno;
  /** Asks if need be and waits for the answer. It has no result: whatever a promise carries a kernel can look at. */
  settle(domid: DomId, aport: number): Promise<void>;
  /** The last answer for an address that was settled; it may be old by now. */
  latest(domid: DomId, aport: number): Route | ArgoErrno;
  drop(news: ArgoNews & { readonly kind: 'drop' }): void;
}

/**
 * @param info the domain's own shared page
 * @param ask sends a question to the hypervisor and runs the callback with its answer, in this thread
 */
export function createArgoRoutes(
  info: SharedInfo,
  ask: (domid: DomId, aport: number, answer: (resolution: Resolution) => void) => void,
): ArgoRoutes {
  const byDomain = ownMap<DomId, Map<number, Destination>>();
  let last: Destination | undefined;
  let nowhere = 0;

  function destination(domid: DomId, aport: number): Destination {
    if (last !== undefined && last.domid === domid && last.aport === aport) return last;
    let ports = byDomain.get(domid);
    if (ports === undefined) {
      ports = ownMap();
      byDomain.set(domid, ports);
    }
    // As a signed number it is a small integer, and a look-up allocates nothing.
    let known = ports.get(aport | 0);
    if (known === undefined) {
      known = { domid, aport, asking: false, waiting: [], found: undefined, changes: 0, partnerRings: 0 };
      ports.set(aport | 0, known);
    }
    last = known;
    return known;
  }

  function forgetNowhere(): void {
    byDomain.forEach((ports, domid) => {
      ports.forEach(({ found, asking }, port) => {
        if (typeof found === 'string' && !asking) ports.delete(port);
      });
      if (ports.size === 0) byDomain.delete(domid);
    });
    last = undefined;
    nowhere = 0;
  }

  function leadNowhere(known: Destination, errno: ArgoErrno): void {
    known.found = errno;
    nowhere++;
    if (nowhere > MAX_NOWHERE) forgetNowhere();
  }

  function answered(known: Destination, { changes, partnerRings, found }: Resolution): void {
    known.asking = false;
    known.changes = changes;
    known.partnerRings = partnerRings;
    if (typeof found === 'string') {
      leadNowhere(known, found);
    } else {
      const { ring, phase, filter, shared, info: page } = found;
      known.found = {
        id: ring.id,
        memory: openRingMemory(ring.buffer, ring.control),
        phase,
        filter,
        shared,
        info: page,
      };
    }
    for (const told of known.waiting.splice(0)) told();
    // A send was answered by EAGAIN: this is its wake-up.
    raiseArgo(info);
  }

  function query(known: Destination): void {
    if (known.asking) return;
    known.asking = true;
    ask(known.domid, known.aport, (resolution) => answered(known, resolution));
  }

  function find(domid: DomId, aport: number): Route | ArgoErrno {
    const known = destination(domid, aport);
    const { found, changes } = known;
    if (typeof found === 'string') {
      if (changes === argoChanges(info)) return found;
    } else if (found !== undefined) {
      const ours = !found.shared || known.partnerRings === argoPartnerRings(info);
      if (ringPhase(found.memory) === found.phase && ours) return found;
      if (ringState(found.memory) === RING_STATE.refused && changes === argoChanges(info)) return 'ECONNREFUSED';
    }
    query(known);
    return 'EAGAIN';
  }

  return {
    find,
    async settle(domid, aport) {
      find(domid, aport);
      const known = destination(domid, aport);
      if (known.asking) await new Promise<void>((resolve) => known.waiting.push(resolve));
    },
    latest: (domid, aport) => destination(domid, aport).found ?? 'EAGAIN',
    drop({ domid, aport, ring }) {
      const known = byDomain.get(domid)?.get(aport | 0);
      if (typeof known?.found !== 'object' || known.found.id !== ring) return;
      const refused = ringState(known.found.memory) === RING_STATE.refused;
      if (refused) leadNowhere(known, 'ECONNREFUSED');
      else known.found = undefined;
    },
  };
}
