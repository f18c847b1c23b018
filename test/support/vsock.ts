// SPDX-License-Identifier: Apache-2.0
import { introducePeers, separatePeers } from '../../src/domain/vsock-peers.ts';
import type { DomId } from '../../src/hv/contract.ts';
import { type ArgoBell, lazyArgoBell } from '../../src/idc/argo-bell.ts';
import type { Transport, Vsocks } from '../../src/vsock/contract.ts';
import { createVsocks } from '../../src/vsock/vsocks.ts';
import { until } from './hv-machine.ts';
import { startDomains, type TestDomain, type Wrapping } from './rendezvous-domains.ts';

/** A domain with virtual sockets. */
export interface VsockDomain extends TestDomain {
  readonly domid: DomId;
  readonly bell: () => Promise<ArgoBell>;
  /** Its link manager, which is started when somebody first wants it. */
  readonly vsock: Vsocks;
}

/** Domains in the test's own thread, all of which may talk to each other. */
export function startVsockDomains(domids: readonly DomId[], transport: Transport = 'ring', quotaPages = 2048) {
  const all = startDomains([], quotaPages);
  const { xs } = all;
  const there: DomId[] = [];

  function start(domid: DomId, wrapping?: Wrapping): VsockDomain {
    const domain = startAlone(domid, wrapping);
    for (const other of there) introduce(domid, other, transport);
    there.push(domid);
    return domain;
  }

  function startAlone(domid: DomId, wrapping?: Wrapping): VsockDomain {
    const domain = all.start(domid, wrapping);
    xs.mkdir(`/local/domain/${domid}`);
    xs.setPerms(`/local/domain/${domid}`, ['n0', `r${domid}`]);
    const { hypercalls, xs: client } = domain;
    const bell = lazyArgoBell(hypercalls);
    let vsock: Vsocks | undefined;
    return {
      ...domain,
      domid,
      bell,
      get vsock() {
        vsock ??= createVsocks(hypercalls, client, bell, { linger: 20 });
        return vsock;
      },
    };
  }

  function introduce(a: DomId, b: DomId, how: Transport): void {
    introducePeers(xs, [nameOf(a), nameOf(b)], how);
  }

  return {
    hv: all.hv,
    store: all.store,
    xs,
    start,
    /** One that is introduced to nobody. */
    startAlone,
    introduce,
    domains: domids.map((domid) => start(domid)),
    /** Ends a domain as xend does. */
    kill(domid: DomId): void {
      there.splice(there.indexOf(domid), 1);
      separatePeers(xs, domid);
      xs.rm(`/local/domain/${domid}`);
      all.kill(domid);
    },
    [Symbol.dispose]: () => all[Symbol.dispose](),
  };
}

export type VsockDomains = ReturnType<typeof startVsockDomains>;

const nameOf = (domid: DomId) => ({ domid, name: `dom${domid}` });

/** Resolves when domains have given back all that links took. One that uses Argo keeps the port of VIRQ_ARGO. */
export function nothingLeft({ hv }: VsockDomains, ...domids: readonly DomId[]): Promise<void> {
  return until(() =>
    domids.every((domid) => {
      const { pages, ports, grants, mappings } = hv.usage(domid)!;
      return pages + grants + mappings === 0 && ports <= 1;
    }),
  );
}
