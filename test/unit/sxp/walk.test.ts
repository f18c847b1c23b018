// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import type { Sxp } from '../../../src/sxp/contract.ts';
import { elements, merge } from '../../../src/sxp/walk.ts';

test('elements go parents first, with index, parent and the parent’s own place', () => {
  const inner: Sxp = ['b', 'x', ['c', 'y']];
  const tree: Sxp = ['a', ['@', ['id', '1']], inner];
  const seen = [...elements(tree)];
  expect(seen.map(([node]) => node)).toEqual([tree, inner, 'x', ['c', 'y'], 'y']);
  expect(seen[1]?.[1]).toEqual({ index: 0, parent: tree, parentContext: { index: 0 } });
  expect(seen[3]?.[1]).toMatchObject({ index: 1, parent: inner, parentContext: { index: 0, parent: tree } });
});

describe('merge', () => {
  test('with nothing gives the other', () => {
    expect(merge(undefined, ['a'])).toEqual(['a']);
    expect(merge(['a'], undefined)).toEqual(['a']);
  });

  test('the first wins, plain values come from it alone', () => {
    expect(merge(['vm', ['memory', '64'], 'plain'], ['vm', ['memory', '128'], 'other'])).toEqual([
      'vm',
      ['memory', '64'],
      'plain',
    ]);
  });

  test('children of one name are paired by position, what is left over is kept', () => {
    const first: Sxp = ['vm', ['vif', ['mac', '1']], ['name', 'a']];
    const second: Sxp = ['vm', ['vif', ['mac', '9'], ['ip', '2']], ['vif', ['mac', '3']], ['cpu', '0']];
    expect(merge(first, second)).toEqual([
      'vm',
      ['vif', ['mac', '1'], ['ip', '2']],
      ['name', 'a'],
      ['vif', ['mac', '3']],
      ['cpu', '0'],
    ]);
  });

  test('attributes are lost', () => {
    expect(merge(['a', ['@', ['id', '1']], 'x'], ['a'])).toEqual(['a', 'x']);
  });
});
