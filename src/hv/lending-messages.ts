// SPDX-License-Identifier: Apache-2.0
import type { DomId } from './contract.ts';
import type { PoolAccess } from './frames-vector.ts';
import type { Hazards } from './lending-hazards.ts';
import type { LendingTable } from './lending-table.ts';

/** What a domain's hypercall layer needs to lend and to borrow; never for kernel code. */
export interface LendingDoor {
  /** The domain's place in the machine: its row of the hazards. */
  readonly place: number;
  /** Its own table. */
  readonly table: LendingTable;
  readonly hazards: Hazards;
}

/** The hypervisor's answer to who came with a good reference. */
export interface Opened {
  /** Of the owner. */
  readonly place: number;
  readonly table: LendingTable;
  /** The extents that the reference needs, by id. */
  readonly extents: readonly { readonly id: number; readonly buffer: SharedArrayBuffer }[];
  /** The pool of hidden pages that the reference needs. */
  readonly pool?: PoolAccess;
}

/** What the hypervisor tells a client unasked. */
export type LendingNews =
  /** An extent was freed. */
  | { readonly kind: 'drop'; readonly domid: DomId; readonly extent: number }
  /** A domain died. */
  | { readonly kind: 'gone'; readonly domid: DomId };
