// SPDX-License-Identifier: Apache-2.0
import type { ArgoStream, DomainArgo } from '../../src/argo/contract.ts';
import { createDomainArgo } from '../../src/argo/domain-argo.ts';
import type { DomId } from '../../src/hv/contract.ts';
import type { HypervisorOptions } from '../../src/hv/hypervisor.ts';
import { lazyArgoBell } from '../../src/idc/argo-bell.ts';
import { startMachine } from './hv-machine.ts';

/** Bytes of the rings of connections in tests, so that many find room in a domain. */
export const RING = 16_384;

/** Domains in the test's own thread, over a real hypervisor, each with what a kernel has as `dom.argo`. */
export function startArgo(domids: readonly DomId[], quotaPages = 256, options: HypervisorOptions = {}) {
  const machine = startMachine([], quotaPages, options);
  const all = new Map<DomId, DomainArgo>();

  function add(domid: DomId): DomainArgo {
    const hypercalls = machine.add(domid);
    const argo = createDomainArgo(hypercalls, lazyArgoBell(hypercalls));
    all.set(domid, argo);
    return argo;
  }

  for (const domid of domids) add(domid);
  return {
    hv: machine.hv,
    machine,
    add,
    argo(domid: DomId): DomainArgo {
      const found = all.get(domid);
      if (found === undefined) throw new Error(`there is no domain ${domid}`);
      return found;
    },
    [Symbol.dispose]: () => machine[Symbol.dispose](),
  };
}

export type ArgoMachine = ReturnType<typeof startArgo>;

/** A stream from domain 1, which listens at port 80, to domain 2. */
export async function connectStreams(
  { argo }: ArgoMachine,
  ring = RING,
): Promise<{ readonly server: ArgoStream; readonly client: ArgoStream }> {
  const listening = argo(1).listen(80, { ring });
  const accepted = listening.next();
  const client = await argo(2).connect({ domid: 1, aport: 80 }, { ring, wait: true });
  const { value: server } = await accepted;
  await listening.return?.();
  return { server: server as ArgoStream, client };
}
