// SPDX-License-Identifier: Apache-2.0

/** Ranges of the numbers 0 to `size`, for things that lie in a row. */
export interface Ranges {
  /** The start of a free range, the first that is long enough; undefined when there is none. */
  take(length: number): number | undefined;
  /** Gives back what was taken, all of it. */
  give(start: number, length: number): void;
}

export function createRanges(size: number): Ranges {
  /** Free ranges, in order; no two touch each other. */
  const free: { start: number; end: number }[] = [{ start: 0, end: size }];
  return {
    take(length) {
      if (length === 0) return 0;
      const index = free.findIndex(({ start, end }) => end - start >= length);
      const range = free[index];
      if (range === undefined) return undefined;
      const { start } = range;
      range.start += length;
      if (range.start === range.end) free.splice(index, 1);
      return start;
    },
    give(start, length) {
      if (length === 0) return;
      const after = free.findIndex((range) => range.start > start);
      const index = after < 0 ? free.length : after;
      const [before, next] = [free[index - 1], free[index]];
      const end = start + length;
      const touchesNext = next?.start === end;
      if (before?.end === start) {
        before.end = touchesNext ? next.end : end;
        if (touchesNext) free.splice(index, 1);
      } else if (touchesNext) next.start = start;
      else free.splice(index, 0, { start, end });
    },
  };
}
