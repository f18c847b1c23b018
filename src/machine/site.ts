// SPDX-License-Identifier: Apache-2.0
import type { Ground } from '../domain/start.ts';
import type { VsockGroups } from '../domain/vsock-peers.ts';
import { type DomId, type Hypercalls, PAGE_SIZE } from '../hv/contract.ts';
import { connectHypercalls, type HypercallClient } from '../hv/hypercalls.ts';
import type { Hypervisor } from '../hv/hypervisor.ts';
import type { StoreConnection } from '../xenstore/contract.ts';

/** What the domains of a machine stand on. */
export interface Site extends Ground {
  /** Domain 0's connection to the store. */
  readonly xs: StoreConnection;
  /** Domain 0's hypercalls, in this thread. */
  readonly control: Hypercalls;
}

/** A domain that was admitted. */
export interface Admitted {
  readonly domid: DomId;
  readonly name: string;
  /** MB for heap and pages, half of it each. */
  readonly memory: number;
  readonly addresses: readonly string[];
  readonly groups: VsockGroups;
}

/** Makes a domain that lives in this thread. @param memory MB, of which half may be pages */
export function localHypercalls(hv: Hypervisor, domid: DomId, memory: number): HypercallClient {
  return connectHypercalls(hv.createDomain(domid, Math.floor((memory * 2 ** 19) / PAGE_SIZE), { ownThread: false }));
}
