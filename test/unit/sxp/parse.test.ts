// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { toSxp } from '../../../src/sxp/access.ts';
import type { Sxp } from '../../../src/sxp/contract.ts';
import { MAX_DEPTH, MAX_DIAGNOSTICS, MAX_LENGTH } from '../../../src/sxp/limits.ts';
import { parse } from '../../../src/sxp/parse.ts';

function read(text: string) {
  const { forms, diagnostics } = parse({ name: 'test.sxp', text });
  return {
    forms: forms.map(toSxp),
    errors: diagnostics.map(({ code, span }) => `${code} ${span.start}-${span.end}`),
    messages: diagnostics.map(({ message }) => message),
  };
}

const accepted: readonly (readonly [string, string, readonly Sxp[]])[] = [
  ['nothing', '', []],
  ['blanks of all kinds', ' \t\n\v\f\r', []],
  ['only a comment', '# nothing', []],
  ['two atoms', 'a b', ['a', 'b']],
  ['the empty list', '()', [[]]],
  ['parentheses end atoms', 'a(b)c', ['a', ['b'], 'c']],
  ['an atom right after a list', '(a b)c', [['a', 'b'], 'c']],
  ['a comment right after an atom', 'a#b', ['a']],
  ['a comment inside a list', '(a b#c\n d)', [['a', 'b', 'd']]],
  ['quotes inside an atom', 'a"b"', ['a"b"']],
  ['blanks between quotes inside an atom', 'a"b c"d', ['a"b', 'c"d']],
  ['an atom right after a string', '"a"b', ['a', 'b']],
  ['strings side by side', '"a""b"', ['a', 'b']],
  ['a separator alone', '{', ['{']],
  ['separators start the next atom', 'a{b}c', ['a', '{b', '}c']],
  ['brackets', '[a b]', ['[a', 'b', ']']],
  ['half a here-document', '<<EOF', ['<', '<EOF']],
  ['a semicolon is no comment', '; c\n(a)', [';', 'c', ['a']]],
  ['a semicolon separates', 'a;b', ['a', ';b']],
  ['an exclamation mark does not', 'a!b', ['a!b']],
  ['no dotted pairs', '(a . b)', [['a', '.', 'b']]],
  ['a backslash outside quotes', 'a\\b', ['a\\b']],
  ['nothing is converted', '(a 1 2.5 -3 0x10 None nil true)', [['a', '1', '2.5', '-3', '0x10', 'None', 'nil', 'true']]],
  ['a script line', '#!/bin/sh\n(a)', [['a']]],
  [
    'every other printable character starts an atom',
    '! $ % & * + , - . / : = ? @ \\ ^ _ ` | ~ > ]',
    [...'!$%&*+,-./:=?@\\^_`|~>]'],
  ],
  ['high and control characters inside an atom', 'a\u00e9\u0001\u007f\u65e5z', ['a\u00e9\u0001\u007f\u65e5z']],
  [
    'high and control characters inside a string',
    '"\u00e9\u0001\u007f\u65e5\u{1f600}"',
    ['\u00e9\u0001\u007f\u65e5\u{1f600}'],
  ],
  ['code 4 ends the input', 'a \u0004 ) b', ['a']],
  ['code 4 inside an atom', 'a\u0004b', ['a\u0004b']],
  ['the other quote inside a string', `"it's" 'say "x"'`, ["it's", 'say "x"']],
  ['line ends inside a string', '"a\nb"', ['a\nb']],
  ['a comment sign inside a string', '"a # b"', ['a # b']],
  ['the empty string', `'' ""`, ['', '']],
  ['simple escapes', `"\\a\\b\\t\\n\\v\\f\\r\\\\\\'\\""`, ['\x07\b\t\n\v\f\r\\\'"']],
  ['octal escapes of one to three digits', '"\\7a\\08\\101\\1012\\377"', ['\x07a\x008AA2\u00ff']],
  ['hex escapes', '"\\x41\\xff\\x0a\\xFf1"', ['A\u00ff\n\u00ff1']],
  ['delimited data', '(a <<EOF<b (c "\n<EOF <EOF<d)', [['a', 'b (c "\n<EOF ', 'd']]],
  ['empty delimited data', '<<x<<x<', ['']],
  ['counted data', '(<*5*a)"( b)', [['a)"( ', 'b']]],
  ['no bytes of counted data', '<*0*a', ['', 'a']],
  ['counted data counts bytes', '<*9*\u00e9\u65e5\u{1f600}x', ['\u00e9\u65e5\u{1f600}', 'x']],
  ['what only looks like counted data', '<*5 <*a*', ['<*5', '<*a*']],
];

describe('accepted', () => {
  test.each(accepted)('%s', (_, text, forms) => {
    expect(read(text)).toEqual({ forms, errors: [], messages: [] });
  });
});

const refused: readonly (readonly [string, string, readonly string[], readonly Sxp[]])[] = [
  ['a closing parenthesis alone', ')', ['sxp-stray-paren 0-1'], []],
  ['one closing parenthesis too many', '(a)) b', ['sxp-stray-paren 3-4'], [['a'], 'b']],
  ['a closing parenthesis between atoms', 'a)b', ['sxp-stray-paren 1-2'], ['a', 'b']],
  ['end inside a list', '(a b ', ['sxp-unclosed-list 0-1'], [['a', 'b']]],
  ['end inside an atom in a list', '(a b', ['sxp-unclosed-list 0-1'], [['a', 'b']]],
  ['end inside an atom in two lists', '(a (b', ['sxp-unclosed-list 0-1', 'sxp-unclosed-list 3-4'], [['a', ['b']]]],
  ['end inside a comment in a list', '(a #c', ['sxp-unclosed-list 0-1'], [['a']]],
  ['code 4 inside a list', '(a \u0004)', ['sxp-unclosed-list 0-1'], [['a']]],
  ['end inside a string', 'x "a', ['sxp-unclosed-string 2-3'], ['x', 'a']],
  ['end inside an escape', '"a\\', ['sxp-unclosed-string 0-1'], ['a\\']],
  ['end inside a string in a list', "(a 'b", ['sxp-unclosed-list 0-1', 'sxp-unclosed-string 3-4'], [['a', 'b']]],
  [
    'an unclosed string does not hide the rest',
    "(a 'b)\n(c))",
    ['sxp-unclosed-string 3-4', 'sxp-stray-paren 10-11'],
    [['a', 'b'], ['c']],
  ],
  ['a control character', 'a \u0001 b', ['sxp-bad-character 2-3'], ['a', 'b']],
  ['a high character at the start of an atom', '\u00e9t', ['sxp-bad-character 0-1'], ['t']],
  ['code 127', '\u007f', ['sxp-bad-character 0-1'], []],
  ['a run of bad characters', '\u{1f600}\u0001', ['sxp-bad-character 0-3'], []],
  ['an octal escape above a byte', '"\\400"', ['sxp-bad-escape 1-5'], ['\0']],
  ['a hex escape with one digit', '"\\x4"', ['sxp-bad-escape 1-3'], ['x4']],
  [
    'unknown escapes',
    '"\\q \\$x \\8"',
    ['sxp-bad-escape 1-3', 'sxp-bad-escape 4-6', 'sxp-bad-escape 8-10'],
    ['q $x 8'],
  ],
  ['an escaped line end', '"a\\\nb"', ['sxp-bad-escape 2-4'], ['a\nb']],
  ['delimited data without end', '(a) <<EOF<b', ['sxp-unclosed-data 4-10'], [['a']]],
  ['counted data that is too short', '<*3*ab', ['sxp-unclosed-data 0-4'], ['ab']],
  ['counted data that ends inside a character', '<*1*\u00e9', ['sxp-unclosed-data 0-4', 'sxp-bad-character 4-5'], []],
  [
    'everything at once, in the order of the text',
    ') (a "\\q" \u0001 \'b',
    [
      'sxp-stray-paren 0-1',
      'sxp-unclosed-list 2-3',
      'sxp-bad-escape 6-8',
      'sxp-bad-character 10-11',
      'sxp-unclosed-string 12-13',
    ],
    [['a', 'q', 'b']],
  ],
];

describe('refused', () => {
  test.each(refused)('%s', (_, text, errors, forms) => {
    expect(read(text)).toMatchObject({ errors, forms });
  });

  test('messages say what the old tools said, and the code of a bad character', () => {
    expect(read(') \u{1f600} "\\400" (').messages).toEqual([
      "syntax error: ')' closes no list",
      'invalid character: code 128512',
      'invalid octal escape: out of range 400',
      'unexpected end of input: this list is not closed',
    ]);
  });
});

describe('spans', () => {
  test('cover parentheses, quotes and delimiters', () => {
    const text = " (a 'b\\n' <<x<c<x<)";
    const [form] = parse({ name: 'test.sxp', text }).forms;
    if (form?.kind !== 'list') throw new Error('no list');
    const cut = ({ span }: typeof form | (typeof form.items)[number]) => text.slice(span.start, span.end);
    expect([form, ...form.items].map(cut)).toEqual([text.trim(), 'a', "'b\\n'", '<<x<c<x<']);
  });
});

describe('limits', () => {
  test('lists nest as deep as the limit', () => {
    expect(read('('.repeat(MAX_DEPTH) + ')'.repeat(MAX_DEPTH)).errors).toEqual([]);
  });

  test.each([MAX_DEPTH + 1, 100_000])('%d levels are refused at the first parenthesis too deep', (depth) => {
    const { errors, messages } = read(`${'('.repeat(depth)}x${')'.repeat(depth)} )`);
    const stray = 2 * depth + 2;
    expect(errors).toEqual([`sxp-too-deep ${MAX_DEPTH}-${MAX_DEPTH + 1}`, `sxp-stray-paren ${stray}-${stray + 1}`]);
    expect(messages[0]).toBe('nested deeper than 1000 lists');
  });

  test('a million open parentheses give one error', () => {
    expect(read('('.repeat(1_000_000)).errors).toEqual([`sxp-too-deep ${MAX_DEPTH}-${MAX_DEPTH + 1}`]);
  });

  test('a text that is too large is not read', () => {
    expect(read(')'.repeat(MAX_LENGTH + 1)).errors).toEqual(['sxp-too-large 0-0']);
  });

  test('errors without number are counted', () => {
    const { messages } = read(')'.repeat(MAX_DIAGNOSTICS + 7));
    expect(messages).toHaveLength(MAX_DIAGNOSTICS + 1);
    expect(messages.at(-1)).toBe('too many errors: 7 more not shown');
  });
});
