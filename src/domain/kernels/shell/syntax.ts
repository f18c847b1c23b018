// SPDX-License-Identifier: Apache-2.0
import { XmError } from '../../../errors.ts';

/** Part of a word: text as it is, or the name of a variable whose value takes its place. */
export type Piece = { readonly text: string } | { readonly variable: string };
export type Word = readonly Piece[];

interface Scan {
  readonly commands: Word[][];
  words: Word[];
  /** The word being read; undefined between words. */
  word: Piece[] | undefined;
  quoted: boolean;
}

type Rule = readonly [pattern: RegExp, apply: (scan: Scan, found: RegExpExecArray) => void];

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', 0: '\0', '\\': '\\', '"': '"', $: '$' };

const VARIABLE: Rule = [
  /\$(?:([A-Za-z_]\w*|\?)|\{([A-Za-z_]\w*|\?)\})/y,
  (scan, [, bare, braced]) => add(scan, { variable: (bare ?? braced)! }),
];

/** Outside of quotes; the first pattern that matches decides. */
const OUTSIDE: readonly Rule[] = [
  [/\s+/y, endWord],
  [/;/y, endCommand],
  [/(?<=^|[\s;])#.*/sy, () => {}],
  [/'([^']*)'/y, (scan, [, text]) => add(scan, { text: text! })],
  [/"/y, openQuote],
  [/\\(.)/suy, (scan, [, text]) => add(scan, { text: text! })],
  VARIABLE,
  [/[^\s;#'"\\$]+|[$#]/y, (scan, [text]) => add(scan, { text })],
];

/** Between double quotes. */
const INSIDE: readonly Rule[] = [
  [/"/y, closeQuote],
  [/\\(.)/suy, (scan, [, letter]) => add(scan, { text: unescaped(letter!) })],
  VARIABLE,
  [/[^"\\$]+|\$/y, (scan, [text]) => add(scan, { text })],
];

/**
 * Splits a line into commands and words: `;` between commands, blanks between words, `#` before a comment. In single quotes
 * all is text; in double quotes and outside, `$NAME`, `${NAME}` and `$?` are variables; `\` takes the next character as it
 * is outside of quotes, and is one of the escapes `\n \r \t \0 \\ \" \$` in double quotes.
 *
 * @returns the commands that have at least one word
 * @throws XmError `ESYNTAX` for an open quote, an unknown escape, and a `\` at the end
 */
export function parseLine(line: string): readonly (readonly Word[])[] {
  const scan: Scan = { commands: [], words: [], word: undefined, quoted: false };
  for (let position = 0; position < line.length; ) position = step(scan, line, position);
  if (scan.quoted) throw syntaxError('A double quote is not closed.');
  endCommand(scan);
  return scan.commands;
}

/** A word with the values of its variables; an unknown variable is empty. Values are never split into words. */
export function expand(word: Word, variables: ReadonlyMap<string, string>): string {
  return word.map((piece) => ('text' in piece ? piece.text : (variables.get(piece.variable) ?? ''))).join('');
}

/** Applies one rule. @returns the position behind what it read */
function step(scan: Scan, line: string, position: number): number {
  for (const [pattern, apply] of scan.quoted ? INSIDE : OUTSIDE) {
    pattern.lastIndex = position;
    const found = pattern.exec(line);
    if (found === null) continue;
    apply(scan, found);
    return position + found[0].length;
  }
  throw syntaxError(line[position] === "'" ? 'A single quote is not closed.' : "There is nothing after the last '\\'.");
}

function add(scan: Scan, piece: Piece): void {
  scan.word ??= [];
  scan.word.push(piece);
}

function openQuote(scan: Scan): void {
  scan.quoted = true;
  // So that "" is an empty word.
  add(scan, { text: '' });
}

function closeQuote(scan: Scan): void {
  scan.quoted = false;
}

function endWord(scan: Scan): void {
  if (scan.word !== undefined) scan.words.push(scan.word);
  scan.word = undefined;
}

function endCommand(scan: Scan): void {
  endWord(scan);
  if (scan.words.length > 0) scan.commands.push(scan.words);
  scan.words = [];
}

function unescaped(letter: string): string {
  const text = ESCAPES[letter];
  if (text === undefined) throw syntaxError(`Unknown escape '\\${letter}' between double quotes.`);
  return text;
}

function syntaxError(message: string): XmError {
  return new XmError('ESYNTAX', message);
}
