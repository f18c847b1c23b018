// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { createAges } from '../../../src/idc/ages.ts';

test('the oldest of the slots in use, counted from the reading that saw it first', () => {
  const ages = createAges(3);
  const uses = new Uint32Array([7, 1, 1]);
  const used = new Set<number>();
  const read = (now: number): number => ages.oldest(uses, (slot) => used.has(slot), now);
  expect(read(100)).toBe(0);
  used.add(0);
  expect([read(110), read(125)]).toEqual([0, 15]);
  used.add(2);
  expect([read(130), read(140)]).toEqual([20, 30]);
  used.delete(0);
  expect(read(150)).toBe(20);
  // The same slot, but another one in it.
  uses[2]!++;
  expect([read(160), read(161)]).toEqual([0, 1]);
});
