// SPDX-License-Identifier: Apache-2.0
import type { ByteRingPlace } from '../ring/byte-ring.ts';

/** Words of a domain's xenstore page, as indexes of 32-bit words (spec/primitives.md 1.8). */
export const PAGE = {
  reqCons: 512,
  reqProd: 513,
  rspCons: 514,
  rspProd: 515,
  serverFeatures: 516,
  connection: 517,
  error: 518,
  evtchnPort: 519,
} as const;

/** Values of the word `connection`. */
export const CONNECTION = { connected: 0, reconnect: 1 } as const;

/** Values of the word `error`: why the server looks at this page no more. */
export const PAGE_ERROR = { none: 0, communication: 1, index: 2, protocol: 3 } as const;

/** Bytes of each ring. */
export const WIRE_RING_BYTES = 1024;

/** Where the requests lie in a page. */
export const requestRing = (buffer: SharedArrayBuffer): ByteRingPlace => ({
  buffer,
  data: 0,
  size: WIRE_RING_BYTES,
  cons: PAGE.reqCons * 4,
  prod: PAGE.reqProd * 4,
});

/** Where the replies and events lie. */
export const replyRing = (buffer: SharedArrayBuffer): ByteRingPlace => ({
  buffer,
  data: WIRE_RING_BYTES,
  size: WIRE_RING_BYTES,
  cons: PAGE.rspCons * 4,
  prod: PAGE.rspProd * 4,
});
