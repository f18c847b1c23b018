// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import type { Source } from '../../../src/sxp/contract.ts';
import { parse } from '../../../src/sxp/parse.ts';
import { renderDiagnostic, renderDiagnostics } from '../../../src/sxp/render.ts';

/** Renders an error about the first occurrence of `word`. */
function mark(text: string, word: string, hint?: string) {
  const start = text.indexOf(word);
  const source: Source = { name: 'web.sxp', text };
  const span = { start, end: start + word.length };
  return renderDiagnostic(source, {
    code: 'x',
    severity: 'error',
    message: 'wrong',
    span,
    ...(hint && { hint }),
  }).split('\n');
}

test('position, line, carets and hint', () => {
  expect(mark('(vm\n    (memmory 64)\n)', 'memmory', "did you mean 'memory'?")).toEqual([
    'web.sxp:2:6: error: wrong',
    '    (memmory 64)',
    '     ^~~~~~~',
    "hint: did you mean 'memory'?",
  ]);
});

test('tabs stay tabs in the caret line', () => {
  expect(mark('\t(\tname x)', 'x')).toEqual(['web.sxp:1:9: error: wrong', '\t(\tname x)', '\t \t     ^']);
});

test('a line end of two characters is not shown', () => {
  expect(mark('a\r\nb c\r\n', 'c')).toEqual(['web.sxp:2:3: error: wrong', 'b c', '  ^']);
});

test('a mark over several lines ends with its first line', () => {
  expect(mark('(a\nb)', '(a\nb)')).toEqual(['web.sxp:1:1: error: wrong', '(a', '^~']);
});

test('a character outside the basic plane takes one column of the caret line', () => {
  expect(mark('"\u{1f600}" x', 'x')[2]).toBe('    ^');
});

test('a long line is cut around the mark', () => {
  const [head, line, carets] = mark(`${'a'.repeat(500)} here ${'b'.repeat(500)}`, 'here');
  expect(head).toBe('web.sxp:1:502: error: wrong');
  expect(line).toMatch(/^\.\.\.a{39} here b{55}\.\.\.$/);
  expect(carets).toBe(`${' '.repeat(43)}^~~~`);
});

test('the start and the end of a long line are shown without dots', () => {
  expect(mark(`here${'b'.repeat(500)}`, 'here')[1]).toMatch(/^hereb{96}\.\.\.$/);
  expect(mark(`${'b'.repeat(500)}here`, 'here')[1]).toMatch(/^\.\.\.b{40}here$/);
});

test('control characters of the text do not reach the terminal', () => {
  expect(mark('a\u001b[31m\u202e x', 'x').slice(1)).toEqual(['a\ufffd[31m\ufffd x', '        ^']);
});

test('an error about an empty text has no line', () => {
  const span = { start: 0, end: 0 };
  const diagnostic = { code: 'x', severity: 'warning', message: 'nothing here', span } as const;
  expect(renderDiagnostic({ name: 'e', text: '' }, diagnostic)).toBe('e:1:1: warning: nothing here');
});

test('an error at the end of the text has a caret behind the last line', () => {
  const diagnostic = { code: 'x', severity: 'error', message: 'm', span: { start: 2, end: 2 } } as const;
  expect(renderDiagnostic({ name: 'e', text: 'ab' }, diagnostic)).toBe('e:1:3: error: m\nab\n  ^');
});

describe('where a parenthesis is missing', () => {
  const hint = (text: string) => parse({ name: 'a.sxp', text }).diagnostics.map((diagnostic) => diagnostic.hint);

  test('is guessed from the indentation', () => {
    expect(hint('(vm\n  (name x)\n  (image (js (kernel x))\n  (memory 64)\n)\n')).toEqual([
      "is a ')' missing on line 3?",
    ]);
    expect(hint('(vm\n  (image\n    (js\n      (kernel x)\n  )\n  (memory 64)\n)\n')).toEqual([
      "is a ')' missing on line 5?",
    ]);
  });

  test('is not guessed without indentation', () => {
    expect(hint('(vm\n(name x)\n(memory 64)\n')).toEqual([undefined]);
    expect(hint('(vm (name x) (memory 64)')).toEqual([undefined]);
  });
});

test('all findings of a parse', () => {
  const source = { name: 'a.sxp', text: "a)\n  ('b" };
  expect(renderDiagnostics(source, parse(source).diagnostics)).toBe(`a.sxp:1:2: error: syntax error: ')' closes no list
a)
 ^
a.sxp:2:3: error: unexpected end of input: this list is not closed
  ('b
  ^
a.sxp:2:4: error: unexpected end of input: this string is not closed
  ('b
   ^`);
});
