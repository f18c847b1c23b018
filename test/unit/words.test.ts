// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { didYouMean, nearest, printable, printableLine } from '../../src/words.ts';

const fields = ['name', 'memory', 'vcpus', 'image', 'on_crash', 'device', 'on_reboot'];

test.each([
  ['memmory', 'memory'],
  ['mmeory', 'memory'],
  ['memor', 'memory'],
  ['NAME', 'name'],
  ['nmae', 'name'],
  ['vcpu', 'vcpus'],
  ['dev', 'device'],
  ['on_rebot', 'on_reboot'],
])('%s means %s', (word, meant) => {
  expect(nearest(word, fields)).toBe(meant);
});

test.each(['', 'x', 'kernel', 'on_', 'n'])('%j is near nothing', (word) => {
  expect(nearest(word, fields)).toBeUndefined();
  expect(didYouMean(word, fields)).toBeUndefined();
});

test('the nearest of several wins', () => {
  expect(nearest('vbd1', ['vbd', 'vbd10', 'vbd1'])).toBe('vbd1');
});

test('as a question', () => {
  expect(didYouMean('memmory', fields)).toBe("did you mean 'memory'?");
});

test('what would drive a terminal, or turn its text, is written out', () => {
  expect(printable('a\x1b[2J\x9b\u202eb\u2066\u2028é\n\t')).toBe('a\\x1b[2J\\x9b\\u202eb\\u2066\\u2028é\n\t');
  expect(printableLine('a\nb\tc\u200f')).toBe('a\\nb\\tc\\u200f');
});
