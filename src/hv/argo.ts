// SPDX-License-Identifier: Apache-2.0
import { ARGO_DOMID_ANY, ARGO_LIMITS, type ArgoErrno, type ArgoRuleTable } from './argo-contract.ts';
import { breakLock, fenceSenders } from './argo-lock.ts';
import {
  type ArgoMemory,
  adoptSendIndex,
  cancelWaiting,
  createRingMemory,
  RING_HEADER,
  RING_STATE,
  renewRing,
  ringPhase,
  roundUp,
  setRingState,
  wakeWaiting,
} from './argo-memory.ts';
import type { ArgoNews, Resolution, RingHandle } from './argo-messages.ts';
import { createArgoRules } from './argo-rules.ts';
import { type DomId, HypercallError } from './contract.ts';
import type { DomainMemory } from './memory.ts';
import { argoChanges, argoPartnerRings, countArgoChange, raiseArgo, type SharedInfo } from './shared-info.ts';

/** Xen's boot options for Argo. */
export interface ArgoOptions {
  /** Whether there is Argo at all. */
  readonly enabled: boolean;
  /** Whether a ring may take messages of every domain. */
  readonly macPermissive: boolean;
}

/** A ring, for who observes it. */
export interface ArgoRingInfo {
  readonly aport: number;
  readonly partner: DomId;
  /** Another one is another ring. */
  readonly memory: ArgoMemory;
}

interface Ring extends ArgoRingInfo {
  readonly id: number;
  readonly owner: ArgoDomain;
  /** Domains that were handed the memory, to send. */
  readonly senders: Set<ArgoDomain>;
}

/** What the Argo operations know of a domain. */
export interface ArgoDomain {
  readonly domid: DomId;
  readonly info: SharedInfo;
  readonly memory: DomainMemory;
  /** Absent for a domain that may not use Argo. */
  readonly argo: ArgoTable | undefined;
  /** Tells the domain's hypercall client. */
  readonly tellArgo: (news: ArgoNews) => void;
}

interface ArgoTable {
  /** By {@link keyOf}. */
  readonly rings: Map<string, Ring>;
  /** Rings of others, and own ones, that it was handed to send to. */
  readonly reached: Set<Ring>;
  /** Domains whose shared page it has, to wake them. */
  readonly peers: Set<DomId>;
}

/** Tables of a domain that begins its life. */
export function createArgoTable(): ArgoTable {
  return { rings: new Map(), reached: new Set(), peers: new Set() };
}

const MAX_APORT = 0xffff_ffff;
const MAX_DOMID = 0xffff;

function fail(code: string, message: string): never {
  throw new HypercallError(code, message);
}

const keyOf = (aport: number, partner: DomId): string => `${aport}/${partner}`;

function checkAddress(aport: number, domid: DomId): void {
  if (aport < 0 || aport > MAX_APORT) fail('EINVAL', `no Argo port ${aport}`);
  if (domid < 0 || domid > MAX_DOMID) fail('EINVAL', `no domain ${domid}`);
}

const handleOf = ({ id, memory }: Ring): RingHandle => ({
  id,
  buffer: memory.buffer,
  control: memory.control.buffer,
});

/**
 * The authority over Argo's rings (spec/primitives.md 7.3). It says who sends where, once for each sender and ring; messages
 * are copied in the senders' threads.
 *
 * @param domains all there are
 */
export function createArgo(domains: ReadonlyMap<DomId, ArgoDomain>, options: ArgoOptions) {
  let nextId = 1;
  const rules = createArgoRules();
  const pageOf = (domid: DomId): SharedInfo | undefined => domains.get(domid)?.info;

  function checkEnabled(): void {
    if (!options.enabled) fail('EOPNOTSUPP', 'Argo is off');
  }

  function tableOf({ domid, argo: table }: ArgoDomain): ArgoTable {
    return table ?? fail('ENODEV', `domain ${domid} has no Argo`);
  }

  function tellAll(): void {
    for (const { info } of domains.values()) countArgoChange(info, false);
  }

  /** Has everybody look again, as messages may be sent that could not be, or the other way round. */
  function raiseAll(): void {
    for (const { info } of domains.values()) raiseArgo(info);
  }

  /** Has nothing be sent any more by the rules from before. */
  async function applyRules(): Promise<void> {
    const rings = [...domains.values()].flatMap(({ argo: table }) => [...(table?.rings.values() ?? [])]);
    for (const { memory } of rings) renewRing(memory);
    tellAll();
    raiseAll();
    await Promise.all(rings.map(({ memory }) => fenceSenders(memory)));
  }

  const viptables: ArgoRuleTable = {
    async add(rule, at) {
      rules.add(rule, at);
      await applyRules();
    },
    async del(at) {
      const rule = rules.del(at);
      await applyRules();
      return rule;
    },
    list: async () => rules.list(),
  };

  /** Ends a ring for its senders. Those that wait for room learn of it when they try again. */
  function end(ring: Ring, state: number): void {
    ring.owner.argo?.rings.delete(keyOf(ring.aport, ring.partner));
    setRingState(ring.memory, state);
    wakeWaiting(ring.memory, ring.memory.length, pageOf);
  }

  /** Has the senders let go of a ring's memory; nobody may be inside. */
  function forget(ring: Ring): void {
    for (const sender of ring.senders) {
      sender.argo?.reached.delete(ring);
      sender.tellArgo({ kind: 'drop', domid: ring.owner.domid, aport: ring.aport, ring: ring.id });
    }
    ring.owner.memory.give(ring.memory.buffer);
  }

  /** @returns the caller's table */
  function checkPartner(caller: ArgoDomain, aport: number, partner: DomId): ArgoTable {
    const any = partner === ARGO_DOMID_ANY;
    if (any && !options.macPermissive) fail('EPERM', 'rings for every domain are not allowed');
    const far = any ? caller : (domains.get(partner) ?? fail('ESRCH', `no domain ${partner}`));
    if (rules.closed(partner, { domid: caller.domid, aport })) fail('EPERM', `rules let nobody send to port ${aport}`);
    const table = tableOf(caller);
    if (far.argo === undefined) fail('ECONNREFUSED', `domain ${partner} has no Argo`);
    return table;
  }

  function create(caller: ArgoDomain, table: ArgoTable, aport: number, partner: DomId, length: number): Ring {
    if (table.rings.size >= ARGO_LIMITS.rings) {
      fail('ENOSPC', `domain ${caller.domid} has ${ARGO_LIMITS.rings} Argo rings`);
    }
    const ring = {
      id: nextId++,
      owner: caller,
      aport,
      partner,
      memory: createRingMemory(caller.memory.take(RING_HEADER + length)),
      senders: new Set<ArgoDomain>(),
    };
    table.rings.set(keyOf(aport, partner), ring);
    if (partner === ARGO_DOMID_ANY) {
      tellAll();
      raiseAll();
    } else {
      countArgoChange(pageOf(partner)!, true);
      raiseArgo(pageOf(partner)!);
    }
    return ring;
  }

  /** What a sender that is dead may have left half-done in a ring. */
  function settle(sender: ArgoDomain, ring: Ring): void {
    cancelWaiting(ring.memory, sender.domid);
    // Whoever was kept out by the lock queued to be woken.
    if (breakLock(ring.memory, sender.domid)) wakeWaiting(ring.memory, ring.memory.length, pageOf);
    // Its last message may be complete and not told yet.
    raiseArgo(ring.owner.info);
  }

  function found(caller: ArgoDomain, domid: DomId, aport: number): Resolution['found'] {
    if (!options.enabled) return 'EOPNOTSUPP';
    const far = domains.get(domid);
    if (far === undefined) return 'ESRCH';
    const filter = rules.filter(caller.domid, { domid, aport });
    if (filter?.accept === false && filter.except.length === 0) return 'EPERM';
    if (caller.argo === undefined) return 'ENODEV';
    const rings = far.argo?.rings;
    const ring = rings?.get(keyOf(aport, caller.domid)) ?? rings?.get(keyOf(aport, ARGO_DOMID_ANY));
    if (ring === undefined) return 'ECONNREFUSED' satisfies ArgoErrno;
    ring.senders.add(caller);
    caller.argo.reached.add(ring);
    if (!far.argo!.peers.has(caller.domid)) {
      far.argo!.peers.add(caller.domid);
      far.tellArgo({ kind: 'peer', domid: caller.domid, info: caller.info });
    }
    const phase = ringPhase(ring.memory);
    return { ring: handleOf(ring), phase, filter, shared: ring.partner === ARGO_DOMID_ANY, info: far.info };
  }

  function settleAll(domain: ArgoDomain): void {
    for (const ring of domain.argo?.reached ?? []) settle(domain, ring);
  }

  return {
    /** @throws HypercallError with the errno of spec/primitives.md 7.3, or `ENOMEM` beyond the domain's quota of pages */
    async register(
      caller: ArgoDomain,
      aport: number,
      partner: DomId,
      length: number,
      failExist: boolean,
    ): Promise<RingHandle> {
      checkEnabled();
      checkAddress(aport, partner);
      if (length < ARGO_LIMITS.minRing || length > ARGO_LIMITS.maxRing || roundUp(length) !== length) {
        fail('EINVAL', `a ring of ${length} bytes: 48 to 16 MiB, a multiple of 16`);
      }
      const table = checkPartner(caller, aport, partner);
      const existing = table.rings.get(keyOf(aport, partner));
      if (existing === undefined) return handleOf(create(caller, table, aport, partner, length));
      if (failExist || existing.memory.length !== length) {
        fail('EEXIST', `port ${aport} has a ring of ${existing.memory.length} bytes for domain ${partner}`);
      }
      await fenceSenders(existing.memory, () => adoptSendIndex(existing.memory));
      return handleOf(existing);
    },
    /** @throws HypercallError `ENOENT` when there is none */
    async unregister(caller: ArgoDomain, aport: number, partner: DomId): Promise<void> {
      checkEnabled();
      checkAddress(aport, partner);
      const table = tableOf(caller);
      const ring = table.rings.get(keyOf(aport, partner)) ?? fail('ENOENT', `no ring at port ${aport} for ${partner}`);
      const another = partner !== ARGO_DOMID_ANY && table.rings.has(keyOf(aport, ARGO_DOMID_ANY));
      end(ring, another ? RING_STATE.changed : RING_STATE.refused);
      await fenceSenders(ring.memory);
      forget(ring);
    },
    /** Says where messages of `caller` to an address go, and hands its client the memory. */
    resolve(caller: ArgoDomain, domid: DomId, aport: number): Resolution {
      checkAddress(aport, domid);
      const { info } = caller;
      return { changes: argoChanges(info), partnerRings: argoPartnerRings(info), found: found(caller, domid, aport) };
    },
    /** All rings of a domain. */
    inspect({ argo: table }: ArgoDomain): readonly ArgoRingInfo[] {
      return [...(table?.rings.values() ?? [])];
    },
    viptables,
    /** The same for domain 0. @throws HypercallError `EPERM` for any other, `EOPNOTSUPP` */
    viptablesFor({ domid }: ArgoDomain): ArgoRuleTable {
      checkEnabled();
      if (domid !== 0) fail('EPERM', `domain ${domid} has no say in who may send`);
      return viptables;
    },
    /** A new domain exists: what was no address may be one. */
    arrived: tellAll,
    /** Puts right what a domain whose thread has ended was doing, so that nobody waits for it. */
    settle: settleAll,
    /** Undoes all that a dead domain had: its rings, those that others had for it alone, its waits. */
    release(domain: ArgoDomain): void {
      const table = domain.argo;
      if (table === undefined) return;
      settleAll(domain);
      for (const ring of [...table.rings.values()]) {
        end(ring, RING_STATE.changed);
        forget(ring);
      }
      for (const ring of table.reached) ring.senders.delete(domain);
      for (const other of domains.values()) {
        if (other === domain || other.argo === undefined) continue;
        for (const ring of [...other.argo.rings.values()]) {
          if (ring.partner !== domain.domid) continue;
          end(ring, RING_STATE.refused);
          forget(ring);
          // Its receiver sees that it is not registered any more.
          raiseArgo(other.info);
        }
        if (other.argo.peers.delete(domain.domid)) other.tellArgo({ kind: 'gone', domid: domain.domid });
      }
      tellAll();
    },
  };
}

export type ArgoAuthority = ReturnType<typeof createArgo>;
