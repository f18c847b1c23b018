// SPDX-License-Identifier: Apache-2.0
import type { Line } from './display.ts';
import type { KeyName } from './keys.ts';

/** Keys that only move the cursor or take characters away. */
export const EDITS: Readonly<Partial<Record<KeyName, (line: Line) => Line>>> = {
  left: (line) => moved(line, line.cursor - 1),
  right: (line) => moved(line, line.cursor + 1),
  home: (line) => moved(line, 0),
  end: (line) => moved(line, line.chars.length),
  backspace: (line) => without(line, line.cursor - 1, line.cursor),
  delete: (line) => without(line, line.cursor, line.cursor + 1),
  killLine: (line) => without(line, 0, line.cursor),
  killEnd: (line) => without(line, line.cursor, line.chars.length),
  killWord: (line) => without(line, wordStart(line), line.cursor),
};

function moved(line: Line, cursor: number): Line {
  return { chars: line.chars, cursor: Math.max(0, Math.min(cursor, line.chars.length)) };
}

/** Takes the characters `from` up to, not including, `to` away; the cursor then stands there. */
function without(line: Line, from: number, to: number): Line {
  const start = Math.max(0, from);
  return { chars: line.chars.toSpliced(start, Math.max(0, to - start)), cursor: start };
}

/** Where the word before the cursor begins, with the blanks behind it. */
function wordStart({ chars, cursor }: Line): number {
  let at = cursor;
  while (at > 0 && chars[at - 1] === ' ') at--;
  while (at > 0 && chars[at - 1] !== ' ') at--;
  return at;
}
