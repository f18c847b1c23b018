// SPDX-License-Identifier: Apache-2.0
import {
  type CopyEnd,
  type DomId,
  type Extent,
  GNTST,
  type GrantRef,
  HypercallError,
  type Mapping,
} from './contract.ts';
import type { DomainMemory } from './memory.ts';

/** Grants a domain may have and mappings it may hold at once. */
export const MAX_GRANTS = 1024;
export const MAX_MAPPINGS = 1024;
/** Mappings that a domain may hold which serves many. */
export const MAX_SERVING_MAPPINGS = 16 * MAX_MAPPINGS;
/** References 0 to 7 are reserved (0 console, 1 xenstore). */
const FIRST_GREF = 8;

interface GrantEntry {
  readonly grantee: DomId;
  readonly readonly: boolean;
  /** Absent in an offer to receive, until the extent has arrived. */
  extent: Extent | undefined;
  readonly kind: 'access' | 'transfer';
  /** Mappings of it that exist now. */
  pins: number;
}

/** A grant, for who observes it. */
export interface GrantInfo {
  readonly gref: GrantRef;
  readonly grantee: DomId;
  /** An offer to receive gives nothing. */
  readonly kind: 'access' | 'transfer';
  readonly readonly: boolean;
  /** 0 for an offer to which nothing has come. */
  readonly bytes: number;
  /** Mappings of it that the grantee holds. */
  readonly mappings: number;
}

/** What the grant operations know of a domain. */
export interface GrantDomain {
  readonly domid: DomId;
  readonly memory: DomainMemory;
  readonly grants: Map<GrantRef, GrantEntry>;
  readonly mappings: Map<number, GrantEntry>;
  readonly maxMappings: number;
  nextHandle: number;
}

export function createGrantDomain(domid: DomId, memory: DomainMemory, maxMappings: number): GrantDomain {
  return { domid, memory, grants: new Map(), mappings: new Map(), maxMappings, nextHandle: 1 };
}

function refuse(status: number, message: string): never {
  throw new HypercallError('GNTST', message, status);
}

/** The grant operations of spec/primitives.md 6.2 over the domains that `find` knows. */
export function createGrantTables(find: (domid: DomId) => GrantDomain | undefined) {
  function peer(domid: DomId): GrantDomain {
    return find(domid) ?? refuse(GNTST.badDomain, `no domain ${domid}`);
  }

  function freeGref(domain: GrantDomain): GrantRef {
    if (domain.grants.size >= MAX_GRANTS) refuse(GNTST.noSpace, `domain ${domain.domid} has ${MAX_GRANTS} grants`);
    let gref = FIRST_GREF;
    while (domain.grants.has(gref)) gref++;
    return gref;
  }

  /** The entry that lets `caller` at an extent of `granter`. */
  function accessible(
    caller: GrantDomain,
    granter: DomId,
    gref: GrantRef,
    writable: boolean,
  ): GrantEntry & { extent: Extent } {
    const entry = peer(granter).grants.get(gref) ?? refuse(GNTST.badGntref, `domain ${granter} has no grant ${gref}`);
    if (entry.kind !== 'access' || entry.extent === undefined)
      refuse(GNTST.generalError, `grant ${gref} gives no access`);
    if (entry.grantee !== caller.domid) refuse(GNTST.generalError, `grant ${gref} is not for domain ${caller.domid}`);
    if (writable && entry.readonly) refuse(GNTST.generalError, `grant ${gref} is read-only`);
    return entry as GrantEntry & { extent: Extent };
  }

  function copyBytes(caller: GrantDomain, end: CopyEnd, length: number, writable: boolean): Uint8Array {
    const extent =
      'extent' in end ? caller.memory.get(end.extent) : accessible(caller, end.domid, end.gref, writable).extent;
    const size = extent.buffer.byteLength;
    const inside = Number.isInteger(end.offset) && Number.isInteger(length) && end.offset >= 0 && length >= 0;
    if (!inside || end.offset + length > size) {
      refuse(GNTST.badCopyArg, `${length} bytes at ${end.offset} do not fit an extent of ${size}`);
    }
    return new Uint8Array(extent.buffer, end.offset, length);
  }

  function unmap(caller: GrantDomain, handle: number): void {
    const entry = caller.mappings.get(handle) ?? refuse(GNTST.badHandle, `no mapping ${handle}`);
    caller.mappings.delete(handle);
    entry.pins--;
  }

  function unmapAll(domain: GrantDomain): void {
    for (const handle of [...domain.mappings.keys()]) unmap(domain, handle);
  }

  return {
    grantAccess(caller: GrantDomain, grantee: DomId, extentId: number, readonly: boolean): GrantRef {
      const extent = caller.memory.get(extentId);
      const gref = freeGref(caller);
      caller.grants.set(gref, { grantee, readonly, extent, kind: 'access', pins: 0 });
      return gref;
    },
    /** Fills a reserved reference, as a domain's builder does. */
    grantReserved(owner: GrantDomain, gref: GrantRef, grantee: DomId, extent: Extent): void {
      owner.grants.set(gref, { grantee, readonly: false, extent, kind: 'access', pins: 0 });
    },
    endAccess(caller: GrantDomain, gref: GrantRef): 'ended' | 'busy' {
      const entry = caller.grants.get(gref) ?? refuse(GNTST.badGntref, `no grant ${gref}`);
      // What has arrived for an offer would be nobody's, and still count, if the offer went first.
      const arrived = entry.kind === 'transfer' && entry.extent !== undefined;
      if (entry.pins > 0 || arrived) return 'busy';
      caller.grants.delete(gref);
      return 'ended';
    },
    map(caller: GrantDomain, granter: DomId, gref: GrantRef, readonly: boolean): Mapping {
      const entry = accessible(caller, granter, gref, !readonly);
      if (caller.mappings.size >= caller.maxMappings) refuse(GNTST.noSpace, `${caller.maxMappings} mappings exist`);
      entry.pins++;
      const handle = caller.nextHandle++;
      caller.mappings.set(handle, entry);
      return { handle, buffer: entry.extent.buffer };
    },
    unmap,
    copy(caller: GrantDomain, source: CopyEnd, target: CopyEnd, length: number): void {
      const from = copyBytes(caller, source, length, false);
      copyBytes(caller, target, length, true).set(from);
    },
    acceptTransfer(caller: GrantDomain, giver: DomId): GrantRef {
      const gref = freeGref(caller);
      caller.grants.set(gref, { grantee: giver, readonly: false, extent: undefined, kind: 'transfer', pins: 0 });
      return gref;
    },
    /** The receiver gets a fresh buffer with the contents: the giver's view cannot be taken away, so it must not stay the same memory. */
    transfer(caller: GrantDomain, receiver: DomId, gref: GrantRef, extentId: number): void {
      const entry =
        peer(receiver).grants.get(gref) ?? refuse(GNTST.badGntref, `domain ${receiver} has no grant ${gref}`);
      if (entry.kind !== 'transfer' || entry.grantee !== caller.domid || entry.extent !== undefined) {
        refuse(GNTST.generalError, `grant ${gref} accepts nothing from domain ${caller.domid}`);
      }
      if (isGranted(caller, extentId)) throw new HypercallError('EBUSY', `extent ${extentId} is granted`);
      const given = caller.memory.get(extentId);
      const received = peer(receiver).memory.alloc(given.order);
      new Uint8Array(received.buffer).set(new Uint8Array(given.buffer));
      caller.memory.free(extentId);
      entry.extent = received;
    },
    completeTransfer(caller: GrantDomain, gref: GrantRef): Extent | undefined {
      const entry = caller.grants.get(gref);
      if (entry === undefined || entry.kind !== 'transfer') refuse(GNTST.badGntref, `no transfer offer ${gref}`);
      if (entry.extent !== undefined) caller.grants.delete(gref);
      return entry.extent;
    },
    isGranted,
    /** All that the domain granted. */
    inspect({ grants }: GrantDomain): readonly GrantInfo[] {
      return Array.from(grants, ([gref, { grantee, kind, readonly, extent, pins }]) => {
        return { gref, grantee, kind, readonly, bytes: extent?.buffer.byteLength ?? 0, mappings: pins };
      });
    },
    unmapAll,
    /** Undoes all that a dead domain held. Mappings that others hold of its grants end with theirs. */
    release(domain: GrantDomain): void {
      unmapAll(domain);
      domain.grants.clear();
    },
  };

  function isGranted(domain: GrantDomain, extentId: number): boolean {
    for (const entry of domain.grants.values())
      if (entry.kind === 'access' && entry.extent?.id === extentId) return true;
    return false;
  }
}

export type GrantTables = ReturnType<typeof createGrantTables>;
