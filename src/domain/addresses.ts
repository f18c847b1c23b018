// SPDX-License-Identifier: Apache-2.0
import type { DomId } from '../hv/contract.ts';
import { ADDRESSES, addressPath } from '../idc/rendezvous-store.ts';
import type { StoreConnection } from '../xenstore/contract.ts';

/**
 * Gives a domain its addresses (DESIGN.md 4, rendezvous). This is all that a supervisor has to do with them: who may meet
 * whom is decided here, once; how they meet, and all that they say to each other, is theirs alone.
 *
 * An address is a directory that only its holders may read, with a directory for each holder that only this one may write:
 * where a level stands tells whose it is.
 */
export function giveAddresses(xs: StoreConnection, domid: DomId, addresses: readonly string[]): void {
  for (const address of addresses) {
    xs.mkdir(`${addressPath(address)}/${domid}`);
    xs.setPerms(ADDRESSES, ['n0']);
    share(xs, address);
  }
}

/**
 * Takes them away when the domain's thread has ended, even if the domain itself is kept: nobody speaks for it any more. May
 * be called again.
 */
export function takeAddresses(xs: StoreConnection, domid: DomId, addresses: readonly string[]): void {
  for (const address of addresses) {
    const directory = addressPath(address);
    if (!children(xs, directory).includes(String(domid))) continue;
    xs.rm(`${directory}/${domid}`);
    if (children(xs, directory).length > 0) share(xs, address);
    else xs.rm(directory);
  }
  if (addresses.length > 0 && children(xs, '/').includes(ADDRESSES.slice(1)) && children(xs, ADDRESSES).length === 0) {
    xs.rm(ADDRESSES);
  }
}

/** Lets all holders of an address read what each of them publishes. */
function share(xs: StoreConnection, address: string): void {
  const directory = addressPath(address);
  const holders = children(xs, directory);
  xs.setPerms(directory, ['n0', ...holders.map((holder) => `r${holder}`)]);
  for (const holder of holders) {
    const perms = [`n${holder}`, ...holders.filter((other) => other !== holder).map((other) => `r${other}`)];
    const own = `${directory}/${holder}`;
    for (const path of [own, ...children(xs, own).map((end) => `${own}/${end}`)]) xs.setPerms(path, perms);
  }
}

function children(xs: StoreConnection, path: string): readonly string[] {
  try {
    return xs.directory(path);
  } catch {
    return [];
  }
}
