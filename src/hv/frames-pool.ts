// SPDX-License-Identifier: Apache-2.0
import { type FramePool, type FrameVector, HypercallError } from './contract.ts';
import { createFrameVector, endFrameVector, type PoolAccess, placeOf, slotsFor } from './frames-vector.ts';
import { createRanges } from './ranges.ts';

/** What a domain's hypercall layer needs to work with a pool of its own. */
export interface FramePoolDoor extends PoolAccess {
  /** Its quota. */
  readonly pages: number;
  /** Tables that it can refer to. */
  readonly slots: number;
  /** Vectors for running transfers that it has besides those of its quota. */
  readonly transits: number;
}

/** Pages of one. */
const TRANSIT_PAGES = 64;

/** A pool in its domain's thread. */
export function openFramePool(door: FramePoolDoor): FramePool {
  const { pages, slots } = door;
  const ranges = createRanges(slots);
  let used = 0;
  let transits = 0;

  function place(count: number, transit: boolean): FrameVector | undefined {
    const slot = ranges.take(slotsFor(count));
    return slot === undefined ? undefined : createFrameVector({ pool: door, slot, pages: count, transit });
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
      const vector = count > TRANSIT_PAGES || transits >= door.transits ? undefined : place(count, true);
      if (vector !== undefined) transits++;
      return vector;
    },
    free(vector) {
      const { pool: of, slot, pages: count, transit, lent } = placeOf(vector);
      if (of !== door) throw new HypercallError('EINVAL', 'the pages are not of this pool');
      if (lent > 0) throw new HypercallError('EBUSY', 'the pages are lent');
      endFrameVector(vector);
      ranges.give(slot, slotsFor(count));
      if (transit === true) transits--;
      else used -= count;
    },
  };
}
