// SPDX-License-Identifier: Apache-2.0
import { initRing, type RingPlace, ringBytes } from '../ring/request-ring.ts';
import type { Quotas } from './contract.ts';

/** Words of a slot before its body: kind or error, id, length of the body, unused. */
export const SLOT_HEADER = 16;
/** Bytes of an entry of a registration table. */
export const ENTRY_BYTES = 32;
const HEADER_BYTES = 64;
const MAGIC = 0x31434449;

/** Which end of the connection this is; the front end owns and grants the memory. */
export type Side = 'front' | 'back';

/** How both ends of a connection share memory: one control area, one pool half for each end. */
export interface Layout {
  readonly controlBytes: number;
  readonly poolBytes: number;
  /** Ring of the requests that this side sends. */
  ring(control: ArrayBufferLike, requester: Side): RingPlace;
  /** Byte offset of the table of what this side lends. */
  table(owner: Side): number;
  /** Byte offset of this side's half of the pool. */
  pool(owner: Side): number;
}

export function layoutOf(quotas: Quotas): Layout {
  const slots = quotas.inFlight;
  const slotBytes = (SLOT_HEADER + quotas.bodyBytes + 7) & ~7;
  const ring = (ringBytes(slots, slotBytes) + 63) & ~63;
  const table = (quotas.registrations * ENTRY_BYTES + 63) & ~63;
  const tables = HEADER_BYTES + 2 * ring;
  return {
    controlBytes: tables + 2 * table,
    poolBytes: quotas.poolBytes + lendable(quotas, 'back'),
    ring: (buffer, requester) => ({
      buffer,
      base: HEADER_BYTES + (requester === 'front' ? 0 : ring),
      slots,
      slotBytes,
    }),
    table: (owner) => tables + (owner === 'front' ? 0 : table),
    pool: (owner) => (owner === 'front' ? 0 : quotas.poolBytes),
  };
}

/** Prepares zeroed memory for a connection; the front end does it before it grants the memory. */
export function initControl(buffer: ArrayBufferLike, quotas: Quotas): void {
  const layout = layoutOf(quotas);
  initRing(layout.ring(buffer, 'front'));
  initRing(layout.ring(buffer, 'back'));
  const words = new Int32Array(buffer);
  words[1] = quotas.inFlight;
  words[2] = quotas.bodyBytes;
  words[3] = quotas.poolBytes;
  words[4] = quotas.registrations;
  words[5] = lendable(quotas, 'back');
  Atomics.store(words, 0, MAGIC);
}

/** Bytes that one side may lend. */
export function lendable(quotas: Quotas, side: Side): number {
  return side === 'front' ? quotas.poolBytes : (quotas.backPoolBytes ?? quotas.poolBytes);
}

/** Whether two ends mean the same limits, and so the same layout. */
export function sameQuotas(a: Quotas, b: Quotas): boolean {
  return (
    a.inFlight === b.inFlight &&
    a.bodyBytes === b.bodyBytes &&
    a.registrations === b.registrations &&
    a.poolBytes === b.poolBytes &&
    lendable(a, 'back') === lendable(b, 'back')
  );
}

/** What a control area says of itself, so that an observer needs no other knowledge; undefined for other memory. */
export function describeControl(buffer: ArrayBufferLike): Quotas | undefined {
  const words = new Int32Array(buffer);
  const [magic, inFlight = 0, bodyBytes = 0, poolBytes = 0, registrations = 0, backPoolBytes = 0] = words;
  const quotas = { inFlight, bodyBytes, poolBytes, registrations, backPoolBytes };
  // The owner may write anything here. Each part is bounded by itself first, so that the layout's sums cannot overflow.
  const slots = inFlight * (SLOT_HEADER + bodyBytes);
  const parts = [inFlight, bodyBytes, poolBytes, registrations, backPoolBytes];
  const bounded = parts.every((part) => part >= 0) && slots + registrations * ENTRY_BYTES <= buffer.byteLength;
  const sane = magic === MAGIC && bounded && isPowerOfTwo(inFlight);
  return sane && layoutOf(quotas).controlBytes <= buffer.byteLength ? quotas : undefined;
}

function isPowerOfTwo(value: number): boolean {
  return value > 0 && (value & (value - 1)) === 0;
}
