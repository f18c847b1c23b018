// SPDX-License-Identifier: Apache-2.0

/** Heights, from nothing to the most. */
const BLOCKS = ' ▁▂▃▄▅▆▇█';

/**
 * A line of small bars, newest at the right; the highest fills its place, and whatever is not nothing is seen. What is not a number
 * leaves its place empty.
 *
 * @param width characters; where there are more values, each bar is the highest of some
 * @param full what fills a place at least: a number that has a limit is not drawn as if it had reached it
 */
export function sparkline(values: readonly number[], width: number, full = 0): string {
  const known = values.map((value) => (Number.isNaN(value) ? 0 : value));
  const shown = known.length > width ? highest(known, width) : known;
  const most = Math.max(...shown, full);
  const block = (value: number) =>
    BLOCKS[value > 0 ? Math.max(1, Math.round((value / most) * (BLOCKS.length - 1))) : 0];
  return shown.map(block).join('').padStart(width);
}

/** As many values as there is room for, each the highest of some in a row. */
function highest(values: readonly number[], count: number): readonly number[] {
  const edge = (index: number) => Math.floor((index * values.length) / count);
  return Array.from({ length: count }, (_, index) => Math.max(...values.slice(edge(index), edge(index + 1))));
}

/** A share as a bar: `[###.......]`. Anything at all shows one mark, and only what is full shows all. */
export function bar(part: number, whole: number, width: number): string {
  const share = whole > 0 ? Math.min(1, part / whole) : 0;
  const marks = share === 1 ? width : Math.min(width - 1, Math.ceil(share * width));
  return `[${'#'.repeat(marks)}${'.'.repeat(width - marks)}]`;
}
