// SPDX-License-Identifier: Apache-2.0

/**
 * A quantile of a histogram whose buckets double: the first counts what takes less than 1 µs, each next one twice that.
 *
 * @param share 0.5 for the median
 * @returns microseconds, within the bucket as if it were filled evenly; undefined when nothing was counted
 */
export function quantileOf(buckets: readonly number[], share: number): number | undefined {
  const all = buckets.reduce((sum, count) => sum + count, 0);
  if (all === 0) return undefined;
  let left = share * all;
  for (const [index, count] of buckets.entries()) {
    const [from, to] = bucketOf(index);
    if (count > 0 && left <= count) return from + (to - from) * (left / count);
    left -= count;
  }
  return bucketOf(buckets.length - 1)[1];
}

/** Microseconds from and to which a bucket counts. */
export function bucketOf(index: number): readonly [from: number, to: number] {
  return index === 0 ? [0, 1] : [2 ** (index - 1), 2 ** index];
}

/** A time in as few characters as say it: `850ns`, `12us`, `3.4ms`, `1.2s`. */
export function shortTime(microseconds: number): string {
  if (microseconds < 1) return `${(microseconds * 1000).toFixed(0)}ns`;
  if (microseconds < 1000) return `${microseconds.toFixed(microseconds < 10 ? 1 : 0)}us`;
  const milliseconds = microseconds / 1000;
  if (milliseconds < 1000) return `${milliseconds.toFixed(milliseconds < 10 ? 1 : 0)}ms`;
  return `${(milliseconds / 1000).toFixed(1)}s`;
}

/** An age in whole units: `7s`, `3m12s`, `2h05m`. */
export function shortAge(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  if (seconds < 60) return `${seconds}s`;
  const minutes = Math.floor(seconds / 60);
  const two = (value: number) => String(value).padStart(2, '0');
  return minutes < 60 ? `${minutes}m${two(seconds % 60)}s` : `${Math.floor(minutes / 60)}h${two(minutes % 60)}m`;
}
