// SPDX-License-Identifier: Apache-2.0

/** Numbers that are the same in every run. */
export interface SeededRandom {
  /** From 0 up to, not including, `limit`. */
  below(limit: number): number;
  /** A copy in another order. */
  shuffle<T>(items: readonly T[]): T[];
}

/** @param seed a whole number; the generator is a 32-bit xorshift */
export function seededRandom(seed: number): SeededRandom {
  let state = seed >>> 0 || 1;
  function below(limit: number): number {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % limit;
  }
  return {
    below,
    shuffle(items) {
      const mixed = [...items];
      for (let last = mixed.length - 1; last > 0; last--) {
        const other = below(last + 1);
        [mixed[last], mixed[other]] = [mixed[other]!, mixed[last]!];
      }
      return mixed;
    },
  };
}
