// SPDX-License-Identifier: Apache-2.0
import type { ByteRings, RingView } from '../devices/contract.ts';
import { XmError } from '../errors.ts';
import type { GrantRef } from '../hv/contract.ts';
import { type ByteRingPlace, inspectByteRing } from '../ring/byte-ring.ts';
import { AT, type Description, describePage, NOTIFY, ringPlace } from './layout.ts';

/** The two rings of a channel, from its shared page; none if the memory is something else. The server is the front end. */
export function inspectVchan(page: SharedArrayBuffer): readonly RingView[] {
  const { orders } = describe(page) ?? {};
  return orders === undefined ? [] : inspectRings(page, { left: 2 ** orders.left, right: 2 ** orders.right });
}

/** The references of the pages of its rings, as the page has them. */
export function vchanGrants(page: SharedArrayBuffer): readonly GrantRef[] {
  const { left = [], right = [] } = describe(page) ?? {};
  return [...left, ...right];
}

/**
 * Where what was written is.
 *
 * @param bufferOf the memory behind a reference of the server
 * @returns undefined unless all of it is there
 */
export function vchanStreams(
  page: SharedArrayBuffer,
  bufferOf: (gref: GrantRef) => SharedArrayBuffer | undefined,
): ByteRings | undefined {
  const description = describe(page);
  if (description === undefined) return undefined;
  const { orders } = description;
  const ring = (side: 'left' | 'right'): ByteRingPlace | undefined => {
    const pages = description[side].map(bufferOf).filter((buffer) => buffer !== undefined);
    return pages.length < description[side].length ? undefined : ringPlace(page, side, orders[side], pages);
  };
  const [out, into] = [ring('right'), ring('left')];
  return out && into && { out, in: into };
}

/** The same as {@link inspectVchan} of rings whose sizes are known, in bytes. */
export function inspectRings(
  page: SharedArrayBuffer,
  sizes: Readonly<Record<'left' | 'right', number>>,
): readonly RingView[] {
  const bytes = new Uint8Array(page);
  const ring = (direction: 'out' | 'in', side: 'left' | 'right', reader: 'client' | 'server'): RingView => ({
    ...inspectByteRing(direction, { buffer: page, size: sizes[side], ...AT[side] }),
    // Its writer asked the reader to tell when there is room.
    waiting: (Atomics.load(bytes, AT.notify[reader]) & NOTIFY.read) === 0 ? 0 : 1,
  });
  return [ring('out', 'right', 'client'), ring('in', 'left', 'server')];
}

function describe(page: SharedArrayBuffer): Description | undefined {
  try {
    return describePage(page);
  } catch (error) {
    if (error instanceof XmError || error instanceof RangeError) return undefined;
    throw error;
  }
}
