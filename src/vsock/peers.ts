// SPDX-License-Identifier: Apache-2.0
import type { DomId } from '../hv/contract.ts';
import type { XenstoreClient } from '../xenstore/client-contract.ts';
import type { Peer, Transport } from './contract.ts';

/** Where a domain is told whom it may talk to: a directory for each peer, with its name and the transport. Only xend writes it. */
export function peersPath(domid: DomId): string {
  return `/local/domain/${domid}/vsock`;
}

/** The address at which two domains make their link; it cannot be one of a configuration. */
export function linkAddress(a: DomId, b: DomId): string {
  return `vsock@${Math.min(a, b)}-${Math.max(a, b)}`;
}

const LINK_ADDRESS = /^vsock@(\d+)-(\d+)$/;

/** Whether an address is that of links. */
export const isLink = (address: string): boolean => LINK_ADDRESS.test(address);

/** Whether an address is that of links of a domain. */
export function isLinkOf(address: string, domid: DomId): boolean {
  const [, a, b] = LINK_ADDRESS.exec(address) ?? [];
  return Number(a) === domid || Number(b) === domid;
}

/** Reads them; none while the domain is told nothing. */
export async function readPeers(xs: XenstoreClient, domid: DomId): Promise<readonly Peer[]> {
  const directory = peersPath(domid);
  const names = await xs.ls(directory).catch(orNone<readonly string[]>([]));
  const found = await Promise.all(
    names.map(async (peer): Promise<Peer | undefined> => {
      const [name, transport] = await Promise.all(
        ['name', 'transport'].map((key) => xs.read(`${directory}/${peer}/${key}`).catch(orNone(undefined))),
      );
      return name === undefined ? undefined : { domid: Number(peer), name, transport: transport as Transport };
    }),
  );
  return found.filter((peer) => peer !== undefined);
}

/** What is not there, or not any more, is none. */
function orNone<T>(none: T): (error: unknown) => T {
  return (error) => {
    const { errno } = error as { errno?: string };
    if (errno === 'ENOENT' || errno === 'EACCES') return none;
    throw error;
  };
}
