// SPDX-License-Identifier: Apache-2.0
import type { DomId } from '../hv/contract.ts';
import type { StoreConnection } from '../xenstore/contract.ts';

const homeOf = (domid: DomId): string => `/local/domain/${domid}`;

/** Gives a domain its directory in the store; what it may write is below `data`. */
export function giveHome(xs: StoreConnection, domid: DomId): void {
  const home = homeOf(domid);
  xs.mkdir(`${home}/data`);
  xs.setPerms(home, ['n0', `r${domid}`]);
  xs.setPerms(`${home}/data`, [`n${domid}`]);
}

/** Takes it away when the domain has ended. */
export function takeHome(xs: StoreConnection, domid: DomId): void {
  xs.rm(homeOf(domid));
}
