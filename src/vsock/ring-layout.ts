// SPDX-License-Identifier: Apache-2.0
import type { RingView } from '../devices/contract.ts';
import { type GrantRef, PAGE_SIZE } from '../hv/contract.ts';
import type { ByteRingPlace } from '../ring/byte-ring.ts';
import { inspectRings } from '../vchan/inspect.ts';
import { AT } from '../vchan/layout.ts';

/** Bytes of each of the two rings of a link: a smaller one is empty again before its writer is awake. */
export const RING = 1_048_576;

/** The two rings of a link, from its page. Nothing in there says that it is one: ask of a page that was offered for a link. */
export function inspectLink(page: SharedArrayBuffer): readonly RingView[] {
  return page.byteLength < PAGE_SIZE ? [] : inspectRings(page, { left: RING, right: RING });
}

/** Where the two rings are. @param rings the memory of both */
export function linkStreams(
  page: SharedArrayBuffer,
  rings: SharedArrayBuffer,
): Readonly<Record<'left' | 'right', ByteRingPlace>> {
  const ring = (side: 'left' | 'right', at: number): ByteRingPlace => {
    return { buffer: page, ...AT[side], size: RING, data: [new Uint8Array(rings, at, RING)] };
  };
  return { left: ring('left', 0), right: ring('right', RING) };
}

/** The reference of the memory of both rings, as the page has it. */
export function ringsGrant(page: SharedArrayBuffer): GrantRef {
  return new Uint32Array(page)[AT.grants >> 2]!;
}
