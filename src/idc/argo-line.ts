// SPDX-License-Identifier: Apache-2.0
import { ARGO_LIMITS, type ArgoAddress, type ArgoRing } from '../hv/argo-contract.ts';
import { type DomId, HypercallError, type Hypercalls } from '../hv/contract.ts';
import type { Quotas } from './contract.ts';
import { type Side, SLOT_HEADER } from './layout.ts';

const SLOT = ARGO_LIMITS.slot;

/** One end's way in and its way out. */
export interface ArgoLine {
  readonly ring: ArgoRing;
  readonly to: ArgoAddress;
}

/** With whom, and at which port, which this connection alone has at both ends: even, the back end has the next one. */
export interface ArgoTerms {
  readonly domid: DomId;
  readonly aport: number;
  readonly quotas: Quotas;
  readonly side: Side;
}

/**
 * Takes messages from the peer: a ring that the peer alone may send to, in which all that the quotas allow finds room at once.
 *
 * @throws HypercallError as `argo.register`: `ENOMEM` beyond the domain's quota, `EINVAL` when the quotas need more than 16 MiB
 */
export async function openLine({ argo }: Hypercalls, { domid, aport, quotas, side }: ArgoTerms): Promise<ArgoLine> {
  const [near, far] = side === 'front' ? [aport, aport + 1] : [aport + 1, aport];
  // Each request and each answer may come as a message of its own, and a ring is never filled completely.
  const length = 2 * quotas.inFlight * (SLOT + recordBytes(quotas.bodyBytes)) + SLOT;
  return { ring: await argo.register(near, domid, length, { failExist: true }), to: { domid, aport: far } };
}

/** Takes no messages any more. When it is done the peer writes nothing here, whatever it does. */
export async function closeLine({ argo }: Hypercalls, { ring }: ArgoLine): Promise<void> {
  try {
    await argo.unregister(ring.aport, ring.partner);
  } catch (error) {
    // It has gone by itself when the peer died.
    if (!(error instanceof HypercallError) || error.code !== 'ENOENT') throw error;
  }
}

/** Bytes that a body takes within a message. */
export function recordBytes(bodyBytes: number): number {
  return (SLOT_HEADER + bodyBytes + SLOT - 1) & -SLOT;
}
