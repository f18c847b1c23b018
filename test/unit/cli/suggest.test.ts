// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { didYouMean } from '../../../src/cli/suggest.ts';

const COMMANDS = ['list', 'log', 'create', 'console', 'destroy', 'xend status', 'unpause', 'pause'];

describe('did you mean', () => {
  test.each([
    ['lsit', 'list'],
    ['lst', 'list'],
    ['craete', 'create'],
    ['consol', 'console'],
    ['xend statsu', 'xend status'],
    ['unpasue', 'unpause'],
    ['destr', 'destroy'],
  ])('%s -> %s', (typed, meant) => {
    expect(didYouMean(typed, COMMANDS)).toBe(meant);
  });

  test.each(['foo', 'zzzzzz', 'x', ''])('%j is near to nothing', (typed) => {
    expect(didYouMean(typed, COMMANDS)).toBeUndefined();
  });
});
