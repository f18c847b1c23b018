// SPDX-License-Identifier: Apache-2.0
import type { Sxp } from './contract.ts';
import { show } from './show.ts';

const WIDTH = 80;
const STEP = 4;

/**
 * A value over several lines as `xm list -l` and dry runs print it (spec/xend.md 1.7), with one newline at the end: a list
 * that does not fit in 80 columns has its first item after the parenthesis, each other item on a line of its own, four
 * columns further in, and its closing parenthesis alone. `parse` reads back the same value.
 */
export function prettyPrint(value: Sxp): string {
  const out: string[] = [];
  print(value, 0, out);
  out.push('\n');
  return out.join('');
}

function print(value: Sxp, column: number, out: string[]): void {
  if (typeof value !== 'object' || value.length === 0 || fits(value, WIDTH - column)) {
    out.push(show(value));
    return;
  }
  out.push('(');
  value.forEach((item, index) => {
    if (index > 0) out.push('\n', ' '.repeat(column + STEP));
    print(item, index === 0 ? column + 1 : column + STEP, out);
  });
  out.push('\n', ' '.repeat(column), ')');
}

/** Whether a list fits on one line; looks no further than `room` characters, so printing stays linear. */
function fits(list: readonly Sxp[], room: number): boolean {
  return measure(list, room) >= 0;
}

/** @returns what is left of `room` after the value, negative if it does not fit. */
function measure(value: Sxp, room: number): number {
  if (typeof value !== 'object') return room - show(value).length;
  let left = room - 2 - Math.max(0, value.length - 1);
  for (const item of value) {
    if (left < 0) break;
    left = measure(item, left);
  }
  return left;
}
