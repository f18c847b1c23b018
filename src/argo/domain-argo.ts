// SPDX-License-Identifier: Apache-2.0
import type { Hypercalls } from '../hv/contract.ts';
import type { ArgoBell } from '../idc/argo-bell.ts';
import { connectStream } from './connect.ts';
import type { DomainArgo } from './contract.ts';
import { openDatagrams } from './datagrams.ts';
import { listenStreams } from './listen.ts';
import { type ArgoWays, createWays } from './ways.ts';

/**
 * Argo and V4V's protocols for one domain.
 *
 * @param bell of VIRQ_ARGO, which is bound when something waits for it first: a kernel that only makes hypercalls has it for itself
 */
export function createDomainArgo({ domid, argo }: Hypercalls, bell: () => Promise<ArgoBell>): DomainArgo {
  let known: { readonly bell: ArgoBell; readonly ways: ArgoWays } | undefined;

  async function ways(): Promise<ArgoWays> {
    const bound = await bell();
    if (known?.bell !== bound) known = { bell: bound, ways: createWays(domid, argo, bound) };
    return known.ways;
  }

  return {
    ...argo,
    sendv: (src, dst, iovs, type) => argo.sendv(src.aport, dst, iovs, type, src.domid),
    send: async (src, dst, iovs, type) => (await ways()).send(src.aport, dst, iovs, type, src.domid),
    listenVirq: async (look) => (await bell()).listen(look),
    datagrams: async (aport, options = {}) => openDatagrams(await ways(), aport, options),
    async *listen(aport, options = {}) {
      yield* listenStreams(await ways(), aport, options);
    },
    connect: async (to, options = {}) => connectStream(await ways(), to, options),
  };
}
