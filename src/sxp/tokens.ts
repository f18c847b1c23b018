// SPDX-License-Identifier: Apache-2.0
import { createToken, Lexer } from 'chevrotain';
import { ATOM_REST, type Scanned, scanCounted, scanDelimited, scanString } from './scan.ts';

/** Everything that stands for one text value. */
export const Item = createToken({ name: 'Item', pattern: Lexer.NA });

export const Open = createToken({ name: 'Open', pattern: '(' });
export const Close = createToken({ name: 'Close', pattern: ')' });

/** Starts with a printable character, separators included; goes on up to a separator, white space or a comment. */
export const Atom = createToken({
  name: 'Atom',
  categories: Item,
  pattern: new RegExp(`[!$%&*-~]${ATOM_REST}*`),
  line_breaks: false,
});

/** Its payload is the undecoded text between the quotes, or undefined if the closing quote is missing. */
export const Quoted = scannedToken('Quoted', scanString, ["'", '"']);

/** `<<delim<...<delim<`: its payload is the data, or undefined if the end is missing. */
export const Delimited = scannedToken('Delimited', scanDelimited, ['<']);

/** `<*N*...`: its payload is the data, or undefined if there are not N bytes. */
export const Counted = scannedToken('Counted', scanCounted, ['<']);

/** A run of characters with which nothing may start (spec/xend.md 1.2). */
export const Invalid = createToken({
  name: 'Invalid',
  categories: Item,
  pattern: /[\x00-\x03\x05-\x08\x0e-\x1f\x7f-\uffff]+/,
});

const WhiteSpace = createToken({ name: 'WhiteSpace', pattern: /[ \t\n\v\f\r]+/, group: Lexer.SKIPPED });
const Comment = createToken({ name: 'Comment', pattern: /#[^\n]*/, group: Lexer.SKIPPED });
/** Code 4 where a token may start ends the input (spec/xend.md 1.2). */
const EndOfTransmission = createToken({ name: 'EndOfTransmission', pattern: /\x04[\s\S]*/, group: Lexer.SKIPPED });

function scannedToken(name: string, scan: (text: string, offset: number) => Scanned | null, start: string[]) {
  return createToken({ name, categories: Item, pattern: scan, line_breaks: true, start_chars_hint: start });
}

/** All token types; where two match, the earlier one wins. */
export const vocabulary = [
  WhiteSpace,
  Open,
  Close,
  Delimited,
  Counted,
  Atom,
  Quoted,
  Comment,
  EndOfTransmission,
  Invalid,
  Item,
];

/**
 * The lexer. The patterns cover every character, so that it never reports errors of its own; it keeps offsets only, lines
 * and columns are computed when something has to be shown.
 */
export const lexer = new Lexer(vocabulary, { positionTracking: 'onlyOffset', ensureOptimizations: true });
