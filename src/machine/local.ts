// SPDX-License-Identifier: Apache-2.0
import { createDomainArgo } from '../argo/domain-argo.ts';
import { giveAddresses, takeAddresses } from '../domain/addresses.ts';
import { createIdc } from '../domain/idc.ts';
import { separatePeers } from '../domain/vsock-peers.ts';
import { lazyArgoBell } from '../idc/argo-bell.ts';
import { createRemoteBuffers } from '../idc/remote-buffers.ts';
import { createRendezvous } from '../idc/rendezvous.ts';
import { createVchans } from '../vchan/vchans.ts';
import { createVsocks } from '../vsock/vsocks.ts';
import { localClient } from '../xenstore/local.ts';
import type { LocalDomain } from './contract.ts';
import { giveHome, takeHome } from './home.ts';
import { type Admitted, localHypercalls, type Site } from './site.ts';

/** Makes a domain in this thread. @param onEnd told when nothing of it is left */
export function createLocalDomain(
  { hv, store, xs }: Site,
  { domid, name, memory, addresses }: Admitted,
  onEnd: () => void,
): LocalDomain {
  const hypercalls = localHypercalls(hv, domid, memory);
  store.introduceDomain(domid);
  giveHome(xs, domid);
  giveAddresses(xs, domid, addresses);
  const xenstore = localClient(store, domid);
  const buffers = createRemoteBuffers(hypercalls);
  const bell = lazyArgoBell(hypercalls);
  const rendezvous = createRendezvous(hypercalls, xenstore, buffers, bell);
  let over = false;
  return {
    domid,
    name,
    hypercalls,
    xenstore,
    idc: createIdc(name, addresses, rendezvous, buffers),
    vchan: createVchans(hypercalls, xenstore),
    vsock: createVsocks(hypercalls, xenstore, bell),
    argo: createDomainArgo(hypercalls, bell),
    end() {
      if (over) return;
      over = true;
      for (const { endpoint } of rendezvous.ends()) void endpoint.disconnect();
      xenstore.close();
      hv.unmapAll(domid);
      takeAddresses(xs, domid, addresses);
      separatePeers(xs, domid);
      takeHome(xs, domid);
      hv.destroyDomain(domid);
      store.releaseDomain(domid);
      onEnd();
    },
  };
}
