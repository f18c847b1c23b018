// SPDX-License-Identifier: Apache-2.0

/**
 * What a scanner found: the matched text and, as `payload`, what the text means (`undefined`: its end is missing).
 * The shape is the one custom token patterns of the lexer return.
 */
export type Scanned = [string] & { payload?: string | undefined };

/** Characters that continue an atom: no white space, separator or comment sign (spec/xend.md 1.2). */
export const ATOM_REST = '[^ \\t\\n\\v\\f\\r(){}<>\\[\\];#]';

const DELIMITED = new RegExp(`<<(${ATOM_REST}+)<`, 'y');
const COUNTED = /<\*(\d{1,15})\*/y;
const CLOSERS_AT_LINE_END = /[)\s]*$/;

function scanned(image: string, payload: string | undefined): Scanned {
  const result: Scanned = [image];
  result.payload = payload;
  return result;
}

/**
 * Scans a string that opens at `offset`; its payload is the text between the quotes, escapes not yet decoded.
 *
 * Without closing quote the string is taken to end with its line, before the closing parentheses there: that is what was
 * meant most of the time, so the rest of the text is read properly and its own errors are found in the same run.
 */
export function scanString(text: string, offset: number): Scanned {
  const quote = text.charCodeAt(offset);
  const backslash = 0x5c;
  for (let at = offset + 1; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === backslash) at++;
    else if (code === quote) return scanned(text.slice(offset, at + 1), text.slice(offset + 1, at));
  }
  const newline = text.indexOf('\n', offset);
  const line = text.slice(offset, newline < 0 ? text.length : newline);
  return scanned(`${line[0]}${line.slice(1).replace(CLOSERS_AT_LINE_END, '')}`, undefined);
}

/** Scans `<<delim<` data `<delim<` (spec/xend.md 1.9). Without its end, it takes the rest of the text. */
export function scanDelimited(text: string, offset: number): Scanned | null {
  DELIMITED.lastIndex = offset;
  const opening = DELIMITED.exec(text);
  if (opening === null) return null;
  const start = DELIMITED.lastIndex;
  const closing = `<${opening[1]}<`;
  const end = text.indexOf(closing, start);
  if (end < 0) return scanned(text.slice(offset), undefined);
  return scanned(text.slice(offset, end + closing.length), text.slice(start, end));
}

/**
 * Scans `<*N*` and the N bytes of UTF-8 after it (spec/xend.md 1.9). If the text ends earlier, or N ends inside a
 * character, it takes only `<*N*`.
 */
export function scanCounted(text: string, offset: number): Scanned | null {
  COUNTED.lastIndex = offset;
  const opening = COUNTED.exec(text);
  if (opening === null) return null;
  const start = COUNTED.lastIndex;
  let left = Number(opening[1]);
  let at = start;
  while (left > 0 && at < text.length) {
    const point = text.codePointAt(at)!;
    left -= utf8Length(point);
    at += point > 0xffff ? 2 : 1;
  }
  if (left !== 0) return scanned(opening[0], undefined);
  return scanned(text.slice(offset, at), text.slice(start, at));
}

function utf8Length(point: number): number {
  if (point < 0x80) return 1;
  if (point < 0x800) return 2;
  return point < 0x10000 ? 3 : 4;
}
