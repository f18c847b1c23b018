// SPDX-License-Identifier: Apache-2.0

/** A line and where the cursor stands in it; a character is a code point. */
export interface Line {
  readonly chars: readonly string[];
  readonly cursor: number;
}

const ZERO_WIDTH = /^[\p{Mn}\p{Me}\p{Cf}]$/u;
const DOUBLE_WIDTH =
  /^[\p{Emoji_Presentation}\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}]$/u;

/** Columns that characters take on a terminal. */
export function widthOf(chars: readonly string[]): number {
  let width = 0;
  for (const char of chars) {
    if (DOUBLE_WIDTH.test(char)) width += 2;
    else if (!ZERO_WIDTH.test(char)) width += 1;
  }
  return width;
}

/**
 * What to send to a terminal that shows one line so that it shows another: nothing that stays is sent again, and the cursor
 * ends where it should. Only backspaces and "erase to the end" are used, which every terminal has.
 */
export function redraw(before: Line, after: Line): string {
  const same = samePrefix(before.chars, after.chars);
  const changed = same < Math.max(before.chars.length, after.chars.length);
  if (!changed) return moveCursor(after.chars, before.cursor, after.cursor);
  const shorter = widthOf(after.chars.slice(same)) < widthOf(before.chars.slice(same));
  return (
    moveCursor(before.chars, before.cursor, same) +
    after.chars.slice(same).join('') +
    (shorter ? '\x1b[J' : '') +
    moveCursor(after.chars, after.chars.length, after.cursor)
  );
}

/** To the right by writing what is there once more, which also works where the terminal has wrapped the line. */
function moveCursor(chars: readonly string[], from: number, to: number): string {
  return to < from ? '\b'.repeat(widthOf(chars.slice(to, from))) : chars.slice(from, to).join('');
}

function samePrefix(a: readonly string[], b: readonly string[]): number {
  const end = Math.min(a.length, b.length);
  let same = 0;
  while (same < end && a[same] === b[same]) same++;
  return same;
}
