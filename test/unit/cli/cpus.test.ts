// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { affinityText, readCpus } from '../../../src/cli/cpus.ts';

describe('lists of processors', () => {
  test.each([
    ['0', [0]],
    ['0,2-3', [0, 2, 3]],
    ['3,1,1', [1, 3]],
    ['0-3,^1', [0, 2, 3]],
    ['^1,0-3', [0, 1, 2, 3]],
    ['2-2', [2]],
    ['63', [63]],
  ])('%s', (text, cpus) => {
    expect(readCpus(text)).toEqual(cpus);
  });

  test('all', () => {
    expect(readCpus('all')).toBeUndefined();
  });

  test.each([
    '',
    ',',
    '1,',
    'x',
    '-1',
    '^1-2',
    '0-3,^1-2',
    '3-1',
    '64',
    '0-64',
    '^0',
    '0,^0',
    '1.5',
    '0x1',
    '99999999999',
  ])('%j is refused', (text) => {
    expect(() => readCpus(text)).toThrow('Invalid argument.');
  });
});

test.each([
  [[0, 1], [0, 1], 'any cpu'],
  [[], [0, 1], 'no cpus'],
  [[0, 2, 3], [0, 1, 2, 3], '0,2-3'],
  [[2], [0, 1, 2], '2'],
  [[4, 5], [4, 5], 'any cpu'],
])('%j of %j', (cpus, host, text) => {
  expect(affinityText(cpus, host)).toBe(text);
});
