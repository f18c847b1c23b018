// SPDX-License-Identifier: Apache-2.0
import type { DomId } from '../../src/hv/contract.ts';
import type { Vchan, VchanSizes, Vchans } from '../../src/vchan/contract.ts';
import { createVchans } from '../../src/vchan/vchans.ts';
import { until } from './hv-machine.ts';
import { startDomains, type TestDomain, type Wrapping } from './rendezvous-domains.ts';

/** A domain with channels. */
export interface VchanDomain extends TestDomain {
  readonly vchan: Vchans;
}

/** Domains that may have channels to each other, with directories of their own in the store, as xend gives them. */
export function startVchanDomains(domids: readonly DomId[], quotaPages = 1024) {
  const all = startDomains([], quotaPages);
  const { xs } = all;

  function start(domid: DomId, wrapping?: Wrapping): VchanDomain {
    const domain = all.start(domid, wrapping);
    const data = `/local/domain/${domid}/data`;
    xs.mkdir(data);
    xs.setPerms(data, [`n${domid}`]);
    return { ...domain, vchan: createVchans(domain.hypercalls, domain.xs) };
  }

  return {
    hv: all.hv,
    store: all.store,
    xs,
    start,
    domains: domids.map((domid) => start(domid)),
    /** Ends a domain as xend does. */
    kill(domid: DomId): void {
      xs.rm(`/local/domain/${domid}`);
      all.kill(domid);
    },
    [Symbol.dispose]: () => all[Symbol.dispose](),
  };
}

export type VchanDomains = ReturnType<typeof startVchanDomains>;

/** A channel between the first two domains; both may be one. */
export async function connectPair(
  server: VchanDomain,
  client: VchanDomain,
  sizes: VchanSizes = {},
): Promise<{ readonly server: Vchan; readonly client: Vchan }> {
  const offered = await server.vchan.server(client.hypercalls.domid, 'test', sizes);
  const joined = await client.vchan.client(server.hypercalls.domid, 'test');
  await offered.opened;
  return { server: offered, client: joined };
}

/** Resolves when domains have given back all that they had; a server gets its memory when its client lets go. */
export function nothingLeft({ hv }: VchanDomains, ...domids: readonly DomId[]): Promise<void> {
  return until(() =>
    domids.every((domid) => {
      const { pages, ports, grants, mappings } = hv.usage(domid)!;
      return pages + ports + grants + mappings === 0;
    }),
  );
}
