// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { namedArgs } from '../../../src/domain/args.ts';

test.each([
  ['', {}],
  ['address=pair rounds=5', { address: 'pair', rounds: '5' }],
  ['  a=1\n\tb=2  ', { a: '1', b: '2' }],
  ['verbose', { verbose: '' }],
  ['root=/dev/xvda=1', { root: '/dev/xvda=1' }],
  ['a=1 a=2', { a: '2' }],
  ['=x', {}],
])('%j', (text, named) => {
  expect({ ...namedArgs(text) }).toEqual(named);
});

test('what was not given is undefined, whatever its name', () => {
  expect(namedArgs('a=1').constructor).toBeUndefined();
  expect({ ...namedArgs('toString=x') }).toEqual({ toString: 'x' });
});
