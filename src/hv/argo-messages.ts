// SPDX-License-Identifier: Apache-2.0
import type { ArgoErrno } from './argo-contract.ts';
import type { PortFilter } from './argo-rules.ts';
import type { DomId } from './contract.ts';
import type { SharedInfo } from './shared-info.ts';

/** Memory of a ring on its way from the hypervisor to a hypercall client; never to kernel code. */
export interface RingHandle {
  /** Unique while the hypervisor lives. */
  readonly id: number;
  readonly buffer: SharedArrayBuffer;
  readonly control: SharedArrayBuffer;
}

/** Where messages to an address go: an answer to a sender, true while its counts stay what they are. */
export interface Resolution {
  /** Counts of the sender's shared page when this was found out. */
  readonly changes: number;
  readonly partnerRings: number;
  readonly found:
    | ArgoErrno
    | {
        readonly ring: RingHandle;
        /** `ringPhase` of the ring's memory when this was found out. */
        readonly phase: number;
        /** Which ports of the sender may send; undefined: all. */
        readonly filter: PortFilter | undefined;
        /** The ring takes messages of every domain. */
        readonly shared: boolean;
        /** The receiver's shared page. */
        readonly info: SharedInfo;
      };
}

/** What the hypervisor tells a client unasked. */
export type ArgoNews =
  /** May wait for room in rings of the client's domain. */
  | { readonly kind: 'peer'; readonly domid: DomId; readonly info: SharedInfo }
  /** A peer died. */
  | { readonly kind: 'gone'; readonly domid: DomId }
  /** A ring that the client sends to is no more, so that it lets go of the memory. */
  | { readonly kind: 'drop'; readonly domid: DomId; readonly aport: number; readonly ring: number };
