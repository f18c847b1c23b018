// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readPythonText } from './read.ts';

/** Texts that would take all memory, all time or the whole stack. Each ends with one clear error. */
describe('limits', () => {
  const functions = (count: number) =>
    Array.from({ length: count }, (_, index) => `def f${index}(): return f${index + 1}()\n`).join('');
  const blocks = (depth: number) => Array.from({ length: depth }, (_, level) => `${' '.repeat(level)}if 1:\n`).join('');

  test.each([
    ["a = 'a'*10**9", 'not supported in a configuration: **'],
    ["a = 'a'*1000000000", 'this would be larger than 16384 characters or items'],
    ['a = [1]*1000000000', 'this would be larger than 16384 characters or items'],
    ["a = ''*1000000000000000\nb = [] * 1000000000000000\nraise ValueError('end')", 'end'],
    ["a = '%1000000000d' % 1", 'this would be larger than 16384 characters or items'],
    ["a = '%.1000000000f' % 1", 'more than 100 digits'],
    [`a = 'x'\n${'a = a + a\n'.repeat(40)}`, 'this would be larger than 16384 characters or items'],
    [`a = ['x']\n${'a += a\n'.repeat(40)}`, 'this would be larger than 16384 characters or items'],
    [`a = 'x' * 16000\n${"b = a + 'x'\n".repeat(10)}`, 'this takes more than 100000 steps'],
    [`a = 3\n${'a = a * a\n'.repeat(40)}`, 'this number is too large'],
    [`a = [1]\n${'a = [a, a]\n'.repeat(60)}memory = a`, 'memory must be texts or numbers, not a list'],
    [`a = [1]\n${'a = [a, a]\n'.repeat(60)}b = a == a`, 'a list cannot be compared'],
    [`a = [1]\n${'a = [a, a]\n'.repeat(60)}b = '%s' % a`, 'a list cannot be made a text'],
    ['def f(): return f()\nf()', 'calls are nested deeper than 20'],
    [`${functions(50)}f0()`, 'calls are nested deeper than 20'],
    ['def f(n):\n  if n == 0: return 1\n  return f(n - 1) + f(n - 1)\nf(19)', 'this takes more than 100000 steps'],
    [`a = ${'('.repeat(10_000)}`, 'brackets are nested deeper than 20'],
    [`a = ${'['.repeat(30_000)}${']'.repeat(30_000)}`, 'brackets are nested deeper than 20'],
    [blocks(100), 'blocks are nested deeper than 20'],
    [
      `a = 1 # ${'x'.repeat(70_000)}`,
      'too large: 70008 characters, the limit for a Python-style configuration is 65536',
    ],
  ])('%.60j', (text, message) => {
    const { config, findings } = readPythonText(text);
    expect(config).toBeUndefined();
    expect(findings.map((finding) => finding.replace(/^[\s\S]* => /, ''))).toContain(message);
  });

  test('long but flat is fine: it takes no stack', () => {
    const sum = `a = 1${' + 1'.repeat(5_000)}`;
    const signs = `b = ${'-'.repeat(5_000)}1\nc = ${'not '.repeat(5_000)}1`;
    const suffixes = `d = 'x'${'[0]'.repeat(5_000)}`;
    const branches = `if 0: x = 1\n${'elif 0: x = 1\n'.repeat(2_000)}`;
    for (const text of [sum, signs, suffixes, branches]) {
      expect(readPythonText(`${text}\nkernel = 'shell'\n`).findings).toEqual([]);
    }
  });

  test('the deepest that is allowed fits into the stack', () => {
    const body = `${blocks(18).replaceAll('if 1:', '  if 1:')}${' '.repeat(20)}return ${'['.repeat(18)}f(n - 1)${']'.repeat(18)}\n`;
    const text = `def f(n):\n  if n == 0: return 1\n${body}kernel = 'shell'\nf(19)\n`;
    expect(readPythonText(text).findings).toEqual([]);
  });
});

const words = fc.constantFrom(
  ...[
    'if 1:',
    'else:',
    'def f(a):',
    'return',
    'f(',
    ')',
    '[',
    ']',
    '(',
    '+',
    '%',
    '*',
    '=',
    "'a",
    "'",
    '"""',
    '\n',
    '\n  ',
    '\n\t',
  ],
  ...[
    '1',
    '2.5',
    'x',
    'memory',
    'kernel',
    'os',
    '.',
    ',',
    ':',
    ';',
    '\\',
    '#',
    'for',
    'raise',
    'import os',
    'xm_vars.var(',
    '\0',
    'é',
  ],
);

test('whatever the text is, it is read or refused with reasons, and nothing is thrown', () => {
  const outcomes = { read: 0, refused: 0 };
  fc.assert(
    fc.property(fc.array(words, { maxLength: 20 }), (parts) => {
      const { config, severities, rendered } = readPythonText(`kernel = 'shell'\n${parts.join(' ')}`);
      const refused = severities.includes('error');
      expect(config === undefined).toBe(refused);
      if (refused) expect(rendered).toMatch(/^(?:web|<command line>):\d+:\d+: /);
      outcomes[refused ? 'refused' : 'read']++;
    }),
    { numRuns: 2000 },
  );
  expect(outcomes.read).toBeGreaterThan(0);
  expect(outcomes.refused).toBeGreaterThan(0);
});
