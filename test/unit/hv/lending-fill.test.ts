// SPDX-License-Identifier: Apache-2.0
import { setImmediate as nextTurn } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { LendOptions } from '../../../src/hv/lending-contract.ts';
import { markFilled } from '../../../src/hv/lending-fill.ts';
import { borrow, end, pinNow } from '../../support/hv-lending.ts';
import { startMachine, until } from '../../support/hv-machine.ts';

const [OWNER, USER] = [1, 2];

async function filling(length: number, options: Partial<LendOptions> = {}) {
  const machine = startMachine([OWNER, USER]);
  const [owner, user] = [machine.dom(OWNER), machine.dom(USER)];
  const extent = await owner.memory.alloc(2);
  const map = await owner.memory.alloc(0);
  new Uint8Array(map.buffer).fill(255);
  const filled = { count: 0 };
  const registration = owner.lending.register(extent, {
    rights: 'readwrite',
    length,
    ...options,
    fill: { extent: map, offset: 8, onFilled: () => filled.count++ },
  })!;
  const borrowed = await borrow(user, registration.reference);
  return {
    machine,
    owner,
    user,
    map,
    filled,
    registration,
    borrowed,
    [Symbol.dispose]: () => machine[Symbol.dispose](),
  };
}

/** Turns enough for a wake-up to arrive. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await nextTurn();
}

describe('a buffer that is filled', () => {
  test.each([
    ['in order', [0, 1, 2, 3]],
    ['the other way round', [3, 2, 1, 0]],
  ])('%s, says so once, and not a byte too early', async (_, order) => {
    using all = await filling(4000);
    for (const [index, fragment] of order.entries()) {
      await turns();
      expect(all.filled.count).toBe(0);
      // Each comes twice, and its last byte apart.
      for (let time = 0; time < 2; time++) all.borrowed.write(fragment * 1000, new Uint8Array(999));
      if (index < 3) all.borrowed.write(fragment * 1000 + 999, new Uint8Array(1));
    }
    await turns();
    expect(all.filled.count).toBe(0);
    all.borrowed.write(order[3]! * 1000 + 999, new Uint8Array(1));
    await until(() => all.filled.count > 0);
    all.borrowed.write(0, new Uint8Array(4000));
    await turns();
    expect(all.filled.count).toBe(1);
  });

  test('by fragments of parts, through references to parts, in any order and doubled', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 200 }),
        fc.array(fc.tuple(fc.nat(220), fc.nat(80)), { maxLength: 30 }),
        async (length, fragments) => {
          using all = await filling(length, { offset: 3 });
          const covered = new Set<number>();
          for (const [from, size] of fragments) {
            const part = all.borrowed.attenuate({ offset: Math.min(from, length) });
            const borrowed = await borrow(all.user, part as Uint8Array);
            if (borrowed.write(0, new Uint8Array(size)) === 'range') continue;
            for (let byte = from; byte < from + size; byte++) covered.add(byte);
          }
          await turns();
          expect(all.filled.count).toBe(covered.size === length ? 1 : 0);
        },
      ),
      { numRuns: 60 },
    );
  });

  test('by who has pinned it, counts what that says', async () => {
    using all = await filling(100, { by: 'map' });
    const pinned = pinNow(all.borrowed, 'write');
    pinned.filled(0, 99);
    expect(() => pinned.filled(99, 2)).toThrow(RangeError);
    await turns();
    expect(all.filled.count).toBe(0);
    pinned.filled(50, 50);
    await until(() => all.filled.count > 0);
    pinned.release();
  });

  test('that is empty is filled', async () => {
    using all = await filling(0);
    await until(() => all.filled.count > 0);
  });

  test('says nothing after it was unregistered', async () => {
    using all = await filling(100);
    all.borrowed.write(0, new Uint8Array(100));
    const ending = end(all.registration);
    expect(all.borrowed.write(0, new Uint8Array(100))).toBe('gone');
    await ending.fence;
    await turns();
    expect(all.filled.count).toBe(0);
    await all.owner.memory.free(all.map);
  });

  test('needs room for its bits', async () => {
    using all = await filling(100);
    const fill = { extent: all.map, onFilled: () => {} };
    const extent = await all.owner.memory.alloc(4);
    const register = (offset: number) =>
      all.owner.lending.register(extent, { rights: 'write', fill: { ...fill, offset } });
    expect(() => register(2)).toThrow(RangeError);
    expect(() => register(-4)).toThrow(RangeError);
    expect(() => register(4)).toThrow(RangeError);
    expect(() =>
      all.owner.lending.register(extent, { rights: 'write', length: 4096 * 8, fill: { ...fill, offset: 4 } }),
    ).toThrow(RangeError);
    await expect(all.owner.memory.free(all.map)).rejects.toMatchObject({ code: 'EBUSY' });
  });
});

test('bits are set where they belong', () => {
  fc.assert(
    fc.property(fc.nat(130), fc.nat(130), (from, length) => {
      const map = new Int32Array(new SharedArrayBuffer(36));
      markFilled(map, from, length);
      const set = Array.from({ length: 288 }, (_, bit) => (map[bit >>> 5]! >>> (bit & 31)) & 1);
      expect(set).toEqual(set.map((_, bit) => (bit >= from && bit < from + length ? 1 : 0)));
    }),
  );
});
