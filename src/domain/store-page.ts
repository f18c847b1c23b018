// SPDX-License-Identifier: Apache-2.0
import { type DomId, type EvtchnPort, RESERVED_GREF } from '../hv/contract.ts';
import { serveRing } from '../xenstore/wire-ring.ts';
import type { Ground } from './start.ts';

/** What a domain learns at its start of its xenstore page, as a kernel of Xen does from its start info. */
export interface StorePage {
  /** Laid out as spec/primitives.md 1.8 says; granted under reference 1. */
  readonly page: SharedArrayBuffer;
  /** The event channel that belongs to it. */
  readonly evtchn: EvtchnPort;
}

/** A domain's page, and the supervisor's end of it. */
export interface ServedPage {
  readonly place: StorePage;
  close(): void;
}

/** Gives a domain its xenstore page and serves it, for kernels that bring a xenstore client of their own. */
export function serveStorePage({ hv, store }: Ground, domid: DomId): ServedPage {
  const { buffer: page } = hv.grantReserved(domid, RESERVED_GREF.xenstore, 0);
  const channel = hv.openService(domid, () => ring.kick());
  const ring = serveRing(store, domid, page, channel.notify);
  return {
    place: { page, evtchn: channel.port },
    close() {
      ring.close();
      channel.close();
    },
  };
}
