// SPDX-License-Identifier: Apache-2.0

/**
 * Tells how old the oldest of some slots in use is, without anybody noting when it was taken: what was not seen at the last
 * reading counts from this one on. So it costs the data path nothing, and says too little by at most the time between two
 * readings.
 */
export interface Ages {
  /**
   * @param uses for each slot, the number of its present use
   * @param isUsed whether the slot is in use
   * @param now in milliseconds
   * @returns milliseconds; 0 when none is in use
   */
  oldest(uses: Uint32Array, isUsed: (slot: number) => boolean, now: number): number;
}

export function createAges(slots: number): Ages {
  const seenUse = new Uint32Array(slots);
  const seenAt = new Float64Array(slots);
  return {
    oldest(uses, isUsed, now) {
      let oldest = 0;
      for (let slot = 0; slot < slots; slot++) {
        if (!isUsed(slot)) continue;
        if (seenUse[slot] !== uses[slot]) {
          seenUse[slot] = uses[slot]!;
          seenAt[slot] = now;
        }
        oldest = Math.max(oldest, now - seenAt[slot]!);
      }
      return oldest;
    },
  };
}
