// SPDX-License-Identifier: Apache-2.0
import { initRing, type RingPlace, ringBytes } from '../ring/request-ring.ts';
import type { Quotas } from './contract.ts';

/**
 * Words of a slot before its body: kind or error, id, length of the body; and the id of the request, which answers do not overwrite, for
 * observers alone: answers come in any order.
 */
export const SLOT_HEADER = 16;
const HEADER_BYTES = 64;
const MAGIC = 0x31434449;
/** Word of the header that tells this connection from others, for who observes both its ends. */
const CONNECTION = 3;

/** Which end of the connection this is; the front end owns and grants the memory. */
export type Side = 'front' | 'back';

/** How both ends of a connection share memory. */
export interface Layout {
  readonly controlBytes: number;
  /** Ring of the requests that this side sends. */
  ring(control: ArrayBufferLike, requester: Side): RingPlace;
}

export function layoutOf(quotas: Limits): Layout {
  const slots = quotas.inFlight;
  const slotBytes = (SLOT_HEADER + quotas.bodyBytes + 7) & ~7;
  const ring = (ringBytes(slots, slotBytes) + 63) & ~63;
  return {
    controlBytes: HEADER_BYTES + 2 * ring,
    ring: (buffer, requester) => ({
      buffer,
      base: HEADER_BYTES + (requester === 'front' ? 0 : ring),
      slots,
      slotBytes,
    }),
  };
}

/** Prepares zeroed memory for a connection; the front end does it before it grants the memory. */
export function initControl(buffer: ArrayBufferLike, quotas: Limits): void {
  const layout = layoutOf(quotas);
  initRing(layout.ring(buffer, 'front'));
  initRing(layout.ring(buffer, 'back'));
  const words = new Int32Array(buffer);
  words[1] = quotas.inFlight;
  words[2] = quotas.bodyBytes;
  words[CONNECTION] = Math.random() * 2 ** 31;
  Atomics.store(words, 0, MAGIC);
}

/** The number that its owner gave a connection; it means nothing and may be any. */
export function connectionOf(control: ArrayBufferLike): number {
  return new Int32Array(control)[CONNECTION] ?? 0;
}

/** Limits that both ends of a connection have to name alike, as its layout follows from them. */
export type Limits = Pick<Quotas, 'inFlight' | 'bodyBytes'>;

/** Whether two ends mean the same limits, and so the same layout. */
export function sameLimits(a: Limits, b: Limits): boolean {
  return a.inFlight === b.inFlight && a.bodyBytes === b.bodyBytes;
}

/** What a control area says of itself, so that an observer needs no other knowledge; undefined for other memory. */
export function describeControl(buffer: ArrayBufferLike): Limits | undefined {
  const [magic, inFlight = 0, bodyBytes = 0] = new Int32Array(buffer);
  // The owner may write anything here. Bounded first, so that the layout's sums cannot overflow.
  const bounded = inFlight > 0 && bodyBytes >= 0 && inFlight * (SLOT_HEADER + bodyBytes) <= buffer.byteLength;
  const sane = magic === MAGIC && bounded && isPowerOfTwo(inFlight);
  return sane && layoutOf({ inFlight, bodyBytes }).controlBytes <= buffer.byteLength
    ? { inFlight, bodyBytes }
    : undefined;
}

function isPowerOfTwo(value: number): boolean {
  return (value & (value - 1)) === 0;
}
