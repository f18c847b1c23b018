// SPDX-License-Identifier: Apache-2.0
import type { DomId } from '../../src/hv/contract.ts';
import type { HypercallClient } from '../../src/hv/hypercalls.ts';
import type { XenstoreClient } from '../../src/xenstore/client-contract.ts';
import type { Wrapping } from './rendezvous-domains.ts';
import { spied } from './spied.ts';

/** A machine whose domains run in the test's own thread. */
interface Domains<Domain> {
  start(domid: DomId, wrapping?: Wrapping): Domain;
  kill(domid: DomId): void;
}

/** A domain that dies at its `number`-th call of hypervisor or store. */
export function startMortal<Domain>(all: Domains<Domain>, domid: DomId, number: number) {
  let calls = 0;
  let alive = true;
  function kill(): void {
    if (alive) all.kill(domid);
    alive = false;
  }
  const count = (): void => {
    if (++calls === number) kill();
  };
  const domain = all.start(domid, {
    hypercalls: (hypercalls) => spied<HypercallClient>(hypercalls, count),
    store: (xs) => spied<XenstoreClient>(xs, count),
  });
  return {
    domain,
    /** Whether it has come to its last call. */
    reached: (): boolean => calls >= number,
    /** Ends it, if nothing has yet. */
    kill,
  };
}
