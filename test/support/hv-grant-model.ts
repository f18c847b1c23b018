// SPDX-License-Identifier: Apache-2.0
import { GNTST, PAGE_SIZE } from '../../src/hv/contract.ts';

/** Why an operation is refused: a grant status, or an errno name. */
export type Refusal = number | string;

interface ModelExtent {
  readonly id: number;
  readonly bytes: Uint8Array;
}

interface ModelGrant {
  readonly grantee: number;
  readonly readonly: boolean;
  readonly offer: boolean;
  extent: ModelExtent | undefined;
  pins: number;
}

/** A domain as plain tables and counters. */
export interface ModelDomain {
  readonly domid: number;
  readonly quota: number;
  readonly extents: Map<number, ModelExtent>;
  readonly grants: Map<number, ModelGrant>;
  readonly mappings: Map<number, ModelGrant>;
  /** Extents are numbered in the order in which the domain gets them. */
  nextId: number;
}

/** One end of a copy, as {@link createGrantModel} and the hypervisor both take it. */
export type ModelEnd =
  | { readonly extent: number; readonly offset: number }
  | { readonly domid: number; readonly gref: number; readonly offset: number };

const pagesOf = (domain: ModelDomain): number =>
  [...domain.extents.values()].reduce((sum, { bytes }) => sum + bytes.length / PAGE_SIZE, 0);

/** What the grant operations ought to do: every question gives the reasons to refuse, and every deed changes the tables. */
export function createGrantModel() {
  const domains = new Map<number, ModelDomain>();
  const domain = (domid: number): ModelDomain => domains.get(domid)!;
  const isGranted = (owner: ModelDomain, id: number): boolean =>
    [...owner.grants.values()].some((grant) => !grant.offer && grant.extent?.id === id);

  function add(owner: number, bytes: Uint8Array): ModelExtent {
    const extent = { id: domain(owner).nextId++, bytes };
    domain(owner).extents.set(extent.id, extent);
    return extent;
  }

  function lookUp(granter: number, gref: number): ModelGrant | Refusal {
    if (!domains.has(granter)) return GNTST.badDomain;
    return domain(granter).grants.get(gref) ?? GNTST.badGntref;
  }

  function access(caller: number, granter: number, gref: number, writable: boolean): ModelGrant | Refusal {
    const grant = lookUp(granter, gref);
    if (typeof grant !== 'object') return grant;
    const allowed = !grant.offer && grant.grantee === caller && !(writable && grant.readonly);
    return allowed ? grant : GNTST.generalError;
  }

  function bytesOf(caller: number, end: ModelEnd, length: number, writable: boolean): Uint8Array | Refusal {
    const found =
      'extent' in end
        ? (domain(caller).extents.get(end.extent) ?? 'EINVAL')
        : access(caller, end.domid, end.gref, writable);
    if (typeof found !== 'object') return found;
    const { bytes } = 'bytes' in found ? found : found.extent!;
    return end.offset < 0 || end.offset + length > bytes.length
      ? GNTST.badCopyArg
      : bytes.subarray(end.offset, end.offset + length);
  }

  return {
    domains,
    create(domid: number, quota: number): void {
      domains.set(domid, { domid, quota, extents: new Map(), grants: new Map(), mappings: new Map(), nextId: 1 });
    },
    destroy(domid: number): void {
      for (const grant of domain(domid).mappings.values()) grant.pins--;
      domains.delete(domid);
    },
    allocFails: (caller: number, order: number): Refusal | undefined =>
      pagesOf(domain(caller)) + 2 ** order > domain(caller).quota ? 'ENOMEM' : undefined,
    alloc: (caller: number, order: number): ModelExtent => add(caller, new Uint8Array(2 ** order * PAGE_SIZE)),
    freeFails(caller: number, id: number): Refusal | undefined {
      if (!domain(caller).extents.has(id)) return 'EINVAL';
      return isGranted(domain(caller), id) ? 'EBUSY' : undefined;
    },
    free: (caller: number, id: number) => domain(caller).extents.delete(id),
    grant(caller: number, gref: number, grantee: number, id: number | undefined, readonly: boolean): void {
      const extent = id === undefined ? undefined : domain(caller).extents.get(id)!;
      domain(caller).grants.set(gref, { grantee, readonly, offer: id === undefined, extent, pins: 0 });
    },
    endFails: (caller: number, gref: number): Refusal | undefined =>
      domain(caller).grants.has(gref) ? undefined : GNTST.badGntref,
    end(caller: number, gref: number): 'ended' | 'busy' {
      const grant = domain(caller).grants.get(gref)!;
      if (grant.pins > 0 || (grant.offer && grant.extent !== undefined)) return 'busy';
      domain(caller).grants.delete(gref);
      return 'ended';
    },
    access,
    map(caller: number, handle: number, grant: ModelGrant): void {
      grant.pins++;
      domain(caller).mappings.set(handle, grant);
    },
    unmapFails: (caller: number, handle: number): Refusal | undefined =>
      domain(caller).mappings.has(handle) ? undefined : GNTST.badHandle,
    unmap(caller: number, handle: number): void {
      domain(caller).mappings.get(handle)!.pins--;
      domain(caller).mappings.delete(handle);
    },
    /** Every reason that holds: which of them is told first is not the model's to say. */
    copyFails: (caller: number, source: ModelEnd, target: ModelEnd, length: number): Refusal[] =>
      [bytesOf(caller, source, length, false), bytesOf(caller, target, length, true)].filter(
        (found) => typeof found !== 'object',
      ),
    copy(caller: number, source: ModelEnd, target: ModelEnd, length: number): void {
      const from = bytesOf(caller, source, length, false) as Uint8Array;
      (bytesOf(caller, target, length, true) as Uint8Array).set(from.slice());
    },
    transferFails(caller: number, receiver: number, gref: number, id: number): Refusal[] {
      const offer = lookUp(receiver, gref);
      if (typeof offer !== 'object') return [offer];
      const reasons: Refusal[] = [];
      if (!offer.offer || offer.grantee !== caller || offer.extent !== undefined) reasons.push(GNTST.generalError);
      const given = domain(caller).extents.get(id);
      if (given === undefined) return [...reasons, 'EINVAL'];
      if (isGranted(domain(caller), id)) reasons.push('EBUSY');
      const pages = given.bytes.length / PAGE_SIZE;
      if (pagesOf(domain(receiver)) + pages > domain(receiver).quota) reasons.push('ENOMEM');
      return reasons;
    },
    transfer(caller: number, receiver: number, gref: number, id: number): ModelExtent {
      const { bytes } = domain(caller).extents.get(id)!;
      const arrived = add(receiver, bytes.slice());
      domain(caller).extents.delete(id);
      domain(receiver).grants.get(gref)!.extent = arrived;
      return arrived;
    },
    completeFails: (caller: number, gref: number): Refusal | undefined =>
      domain(caller).grants.get(gref)?.offer ? undefined : GNTST.badGntref,
    complete(caller: number, gref: number): ModelExtent | undefined {
      const { extent } = domain(caller).grants.get(gref)!;
      if (extent !== undefined) domain(caller).grants.delete(gref);
      return extent;
    },
    usage(domid: number) {
      const { extents, grants, mappings, quota } = domain(domid);
      return {
        extents: extents.size,
        pages: pagesOf(domain(domid)),
        quotaPages: quota,
        ports: 0,
        grants: grants.size,
        mappings: mappings.size,
        rings: 0,
        lent: 0,
      };
    },
  };
}
