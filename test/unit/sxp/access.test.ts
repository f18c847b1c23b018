// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import * as access from '../../../src/sxp/access.ts';
import type { Sxp } from '../../../src/sxp/contract.ts';

const vif: Sxp = [
  'vif',
  ['@', ['id', 'v1'], ['flag']],
  'plain',
  ['mac', 'aa'],
  ['ip', '1', '2'],
  ['ip', '3'],
  ['rate'],
  ['empty', ''],
];
const tree: Sxp = ['vm', ['a', ['b', ['@', ['id', 'deep']]]], vif];

test('isElement knows non-empty lists by their head', () => {
  expect(access.isElement(vif)).toBe(true);
  expect(access.isElement(vif, 'vif')).toBe(true);
  expect(access.isElement(vif, 'vbd')).toBe(false);
  expect(access.isElement([])).toBe(false);
  expect(access.isElement('vif', 'vif')).toBe(false);
});

test('nameOf is the head, or the text itself', () => {
  expect(access.nameOf(vif)).toBe('vif');
  expect(access.nameOf('x')).toBe('x');
  expect(access.nameOf([])).toBeUndefined();
  expect(access.nameOf([['k', 'v']])).toBeUndefined();
  expect(access.nameOf(7)).toBeUndefined();
});

test('attributes stand in the second item only', () => {
  expect(access.attributes(vif)).toEqual([['id', 'v1'], ['flag']]);
  expect(access.attribute(vif, 'id')).toBe('v1');
  expect(access.attribute(vif, 'flag')).toBeUndefined();
  expect(access.attributes(['a', 'b', ['@', ['id', 'x']]])).toEqual([]);
});

describe('children', () => {
  test('without attributes, in order', () => {
    expect(access.children(vif)).toHaveLength(6);
    expect(access.children(['a', ['b']])).toEqual([['b']]);
    expect(access.children('a')).toEqual([]);
  });

  test('by name are lists only', () => {
    expect(access.children(vif, 'ip')).toEqual([
      ['ip', '1', '2'],
      ['ip', '3'],
    ]);
    expect(access.children(vif, 'plain')).toEqual([]);
    expect(access.child(vif, 'ip')).toEqual(['ip', '1', '2']);
    expect(access.child(vif, 'bridge')).toBeUndefined();
  });

  test('by index, from the end if negative', () => {
    expect(access.childAt(vif, 0)).toBe('plain');
    expect(access.childAt(vif, -1)).toEqual(['empty', '']);
    expect(access.childAt(vif, 9)).toBeUndefined();
  });

  test('values are the first items', () => {
    expect(access.childValue(vif, 'ip')).toBe('1');
    expect(access.childValue(vif, 'empty')).toBe('');
    expect(access.childValue(vif, 'rate')).toBeUndefined();
    expect(access.childValue(vif, 'plain')).toBeUndefined();
  });
});

test('ids', () => {
  expect(access.hasId(vif, 'v1')).toBe(true);
  expect(access.childWithId(tree, 'v1')).toBe(vif);
  expect(access.childWithId(tree, 'deep')).toBeUndefined();
  expect(access.withId(tree, 'deep')).toEqual(['b', ['@', ['id', 'deep']]]);
  expect(access.withId(vif, 'v1')).toBeUndefined();
});
