// SPDX-License-Identifier: Apache-2.0
import { type FramePool, type FrameVector, HypercallError } from './contract.ts';
import type { PoolWords } from './frames-lock.ts';
import type { Mover } from './frames-memory.ts';
import { createFrameVector, endFrameVector, type PoolAccess, placeOf, slotsFor } from './frames-vector.ts';
import { createRanges } from './ranges.ts';

/** What a domain's hypercall layer needs to work with a pool of its own. */
export interface FramePoolDoor {
  readonly id: number;
  readonly words: PoolWords;
  /** The domain; all its pools have it in common. */
  readonly mover: Mover;
  /** Its quota. */
  readonly pages: number;
  /** Tables that it can refer to. */
  readonly slots: number;
}

/** Vectors for running transfers that a pool has besides those of its quota. */
export const TRANSIT_VECTORS = 256;
/** Pages of one. */
const TRANSIT_PAGES = 64;

/** A pool in its domain's thread. */
export function openFramePool({ id, words, mover, pages, slots }: FramePoolDoor): FramePool {
  const access: PoolAccess = { id, words, mover };
  const ranges = createRanges(slots);
  let used = 0;
  let transits = 0;

  function place(count: number, transit: boolean): FrameVector | undefined {
    const slot = ranges.take(slotsFor(count));
    return slot === undefined ? undefined : createFrameVector({ pool: access, slot, pages: count, transit });
  }

  return {
    pages,
    get used() {
      return used;
    },
    alloc(count) {
      if (count > pages - used) return undefined;
      const vector = place(count, false);
      if (vector !== undefined) used += count;
      return vector;
    },
    transit(count) {
      const vector = count > TRANSIT_PAGES || transits >= TRANSIT_VECTORS ? undefined : place(count, true);
      if (vector === undefined) throw new HypercallError('EBUSY', `${transits} transfers hold pages`);
      transits++;
      return vector;
    },
    free(vector) {
      const { pool: of, slot, pages: count, transit, lent } = placeOf(vector);
      if (of !== access) throw new HypercallError('EINVAL', 'the pages are not of this pool');
      if (lent > 0) throw new HypercallError('EBUSY', 'the pages are lent');
      endFrameVector(vector);
      ranges.give(slot, slotsFor(count));
      if (transit === true) transits--;
      else used -= count;
    },
  };
}
