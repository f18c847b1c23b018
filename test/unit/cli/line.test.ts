// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { cutLine } from '../../../src/cli/line.ts';

test.each([
  ['', [], '', ''],
  ['xm', [], 'xm', ''],
  ['xm  list ', ['xm', 'list'], '', ''],
  ["xm create 'a b' c", ['xm', 'create', 'a b'], 'c', ''],
  ['xm create "a \\" b', ['xm', 'create'], 'a " b', '"'],
  ["it's", [], 'its', "'"],
  ['a\\ b c', ['a b'], 'c', ''],
  ["'' x", [''], 'x', ''],
  ["a'\\'b", [], 'a\\b', ''],
  ['a\\', [], 'a\\', ''],
])('%j', (line, words, last, open) => {
  expect(cutLine(line)).toEqual({ words, last, open });
});

test('words in quotation marks come back as they were', () => {
  fc.assert(
    fc.property(fc.array(fc.string().filter((word) => !word.includes("'"))), (words) => {
      expect(cutLine(`${words.map((word) => `'${word}'`).join(' ')} `).words).toEqual(words);
    }),
  );
});
