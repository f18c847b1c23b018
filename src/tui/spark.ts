// SPDX-License-Identifier: Apache-2.0

/** Heights, from nothing to the most. */
const BLOCKS = ' ▁▂▃▄▅▆▇█';

/**
 * A line of small bars, newest at the right; the highest fills its place, and whatever is not nothing is seen.
 *
 * @param width characters; older values that have no room are left out
 */
export function sparkline(values: readonly number[], width: number): string {
  const shown = values.slice(-width);
  const most = Math.max(...shown, 0);
  const block = (value: number) =>
    BLOCKS[value > 0 ? Math.max(1, Math.round((value / most) * (BLOCKS.length - 1))) : 0];
  return shown.map(block).join('').padStart(width);
}

/** A share as a bar: `[###.......]`. Anything at all shows one mark, and only what is full shows all. */
export function bar(part: number, whole: number, width: number): string {
  const share = whole > 0 ? Math.min(1, part / whole) : 0;
  const marks = share === 1 ? width : Math.min(width - 1, Math.ceil(share * width));
  return `[${'#'.repeat(marks)}${'.'.repeat(width - marks)}]`;
}
