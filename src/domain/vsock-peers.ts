// SPDX-License-Identifier: Apache-2.0
import type { DomId } from '../hv/contract.ts';
import { ADDRESSES } from '../idc/rendezvous-store.ts';
import type { Transport } from '../vsock/contract.ts';
import { isLinkOf, linkAddress, peersPath } from '../vsock/peers.ts';
import type { StoreConnection } from '../xenstore/contract.ts';
import { giveAddresses, takeAddresses } from './addresses.ts';

/** A domain that may have virtual sockets to another one. */
export interface VsockEnd {
  readonly domid: DomId;
  readonly name: string;
}

/** Groups within which a domain may talk to the others of them, and over what. */
export type VsockGroups = Readonly<Record<string, Transport>>;

/** What carries the link of two domains; undefined when they have no group in common. Who trusts less decides. */
function commonTransport(a: VsockGroups, b: VsockGroups): Transport | undefined {
  const common = Object.keys(a).filter((group) => Object.hasOwn(b, group));
  if (common.length === 0) return undefined;
  return common.some((group) => a[group] === 'argo' || b[group] === 'argo') ? 'argo' : 'ring';
}

/** A domain and its groups. */
export interface VsockMember extends VsockEnd {
  readonly groups: VsockGroups;
}

/** Introduces a domain to those that have a group in common with it. */
export function joinGroups(xs: StoreConnection, member: VsockMember, others: Iterable<VsockMember>): void {
  for (const other of others) {
    const transport = other.domid === member.domid ? undefined : commonTransport(member.groups, other.groups);
    if (transport !== undefined) introducePeers(xs, [member, other], transport);
  }
}

/**
 * Lets two domains talk over virtual sockets (spec/idc.md 1.3, 95): each is told of the other one, and both get the address at
 * which they make their link. Nobody else can be there. May be called again, with another transport too.
 */
export function introducePeers(xs: StoreConnection, ends: readonly [VsockEnd, VsockEnd], transport: Transport): void {
  const [a, b] = ends;
  const address = linkAddress(a.domid, b.domid);
  for (const { domid } of ends) giveAddresses(xs, domid, [address]);
  for (const [own, peer] of [ends, [b, a]] as const) {
    const path = `${peersPath(own.domid)}/${peer.domid}`;
    xs.write(`${path}/transport`, transport);
    xs.write(`${path}/name`, peer.name);
  }
}

/** What is left of a domain that has ended: its peers learn that it is none any more. May be called again. */
export function separatePeers(xs: StoreConnection, domid: DomId): void {
  for (const peer of peersOf(xs, domid)) removeIfThere(xs, `${peersPath(peer)}/${domid}`);
  removeIfThere(xs, peersPath(domid));
  // Peers that have ended before are not told of any more, but may have left what was theirs.
  for (const address of children(xs, ADDRESSES)) {
    if (!isLinkOf(address, domid)) continue;
    takeAddresses(xs, domid, [address]);
    if (children(xs, `${ADDRESSES}/${address}`).length === 0) removeIfThere(xs, `${ADDRESSES}/${address}`);
  }
}

/** A domain is called otherwise from now on: its peers may ask for it by that name. */
export function renamePeer(xs: StoreConnection, { domid, name }: VsockEnd): void {
  for (const peer of peersOf(xs, domid)) xs.write(`${peersPath(peer)}/${domid}/name`, name);
}

/** Those to whom a domain may talk. */
export function peersOf(xs: StoreConnection, domid: DomId): readonly DomId[] {
  return children(xs, peersPath(domid)).map(Number);
}

function children(xs: StoreConnection, path: string): readonly string[] {
  try {
    return xs.directory(path);
  } catch {
    return [];
  }
}

function removeIfThere(xs: StoreConnection, path: string): void {
  try {
    xs.rm(path);
  } catch {
    // It is gone already, or its parent is.
  }
}
