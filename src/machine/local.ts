// SPDX-License-Identifier: Apache-2.0
import { giveAddresses, takeAddresses } from '../domain/addresses.ts';
import { createIdc } from '../domain/idc.ts';
import type { Ground } from '../domain/start.ts';
import { type DomId, PAGE_SIZE } from '../hv/contract.ts';
import { connectHypercalls, type HypercallClient } from '../hv/hypercalls.ts';
import { createRemoteBuffers } from '../idc/remote-buffers.ts';
import { createRendezvous } from '../idc/rendezvous.ts';
import type { StoreConnection } from '../xenstore/contract.ts';
import { localClient } from '../xenstore/local.ts';
import type { LocalDomain } from './contract.ts';

/** Hypercalls of a domain that lives in this thread. @param pagesMB MB that it may have in pages */
export function localHypercalls({ hv }: Ground, domid: DomId, pagesMB: number): HypercallClient {
  const door = hv.createDomain(domid, Math.floor((pagesMB * 2 ** 20) / PAGE_SIZE));
  return connectHypercalls(door);
}

/**
 * Makes a domain in this thread.
 *
 * @param xs domain 0's connection
 */
export function createLocalDomain(
  ground: Ground,
  xs: StoreConnection,
  { domid, name, pagesMB, addresses }: LocalSpec,
  onEnd: () => void,
): LocalDomain {
  const { hv, store } = ground;
  const hypercalls = localHypercalls(ground, domid, pagesMB);
  store.introduceDomain(domid);
  giveAddresses(xs, domid, addresses);
  const xenstore = localClient(store, domid);
  const buffers = createRemoteBuffers(hypercalls);
  const rendezvous = createRendezvous(hypercalls, xenstore, buffers);
  let over = false;
  return {
    domid,
    name,
    hypercalls,
    xenstore,
    idc: createIdc(name, addresses, rendezvous, buffers),
    end() {
      if (over) return;
      over = true;
      for (const { endpoint } of rendezvous.ends()) void endpoint.disconnect();
      xenstore.close();
      hv.unmapAll(domid);
      takeAddresses(xs, domid, addresses);
      hv.destroyDomain(domid);
      store.releaseDomain(domid);
      onEnd();
    },
  };
}

/** What a domain of this thread is. */
export interface LocalSpec {
  readonly domid: DomId;
  readonly name: string;
  readonly pagesMB: number;
  readonly addresses: readonly string[];
}
