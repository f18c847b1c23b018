// SPDX-License-Identifier: Apache-2.0
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type FramePool, type FrameVector, PAGE_SIZE } from '../../../src/hv/contract.ts';
import { copyFrames, discardFrames, frameAt, loadFrames, saveFrames } from '../../../src/hv/frames-vector.ts';
import { connectHypercalls } from '../../../src/hv/hypercalls.ts';
import { type Machine, startMachine } from '../../support/hv-machine.ts';

const PAGE = PAGE_SIZE;
/** Pages of a table. */
const TABLE = 64;
const QUOTA = 512;

let machine: Machine;
let one: FramePool;
let other: FramePool;

beforeEach(async () => {
  machine = startMachine([1, 2], QUOTA);
  one = await machine.dom(1).frames.pool(QUOTA);
  other = await machine.dom(2).frames.pool(QUOTA);
});

afterEach(() => {
  expect(machine.hv.checkFrames()).toEqual([]);
  machine[Symbol.dispose]();
  expect(machine.hv.checkFrames()).toEqual([]);
  expect(machine.hv.frameUsage()).toEqual({ pages: 0, references: 0, shared: 0, saved: 0 });
});

function pattern(pages: number, seed = 1): Uint8Array {
  return Uint8Array.from({ length: pages * PAGE }, (_, index) => (index * 7 + (index >> 12) * 13 + seed) & 255);
}

function filled(pool: FramePool, pages: number, seed = 1): FrameVector {
  const vector = pool.alloc(pages)!;
  saveFrames(vector, 0, pattern(pages, seed));
  return vector;
}

function seen(vector: FrameVector, offset = 0, length = vector.pages * PAGE - offset): Uint8Array {
  const bytes = new Uint8Array(length).fill(0xee);
  loadFrames(vector, offset, bytes);
  return bytes;
}

const share = (source: FrameVector, target: FrameVector, pages = source.pages) =>
  copyFrames(source, 0, target, 0, pages * PAGE, true);

const references = (vector: FrameVector) =>
  Array.from({ length: vector.pages }, (_, page) => frameAt(vector, page)?.references ?? 0);

describe('between the pools of two domains', () => {
  test('whole pages are shared, and a write copies its page only', () => {
    const source = filled(one, 3);
    const target = other.alloc(3)!;
    share(source, target);
    expect(machine.hv.frameUsage()).toEqual({ pages: 3, references: 6, shared: 3, saved: 3 });
    saveFrames(target, PAGE + 5, Uint8Array.of(1, 2));
    expect(references(source)).toEqual([2, 1, 2]);
    expect(seen(source)).toEqual(pattern(3));
    const expected = pattern(3);
    expected.set([1, 2], PAGE + 5);
    expect(seen(target)).toEqual(expected);
  });

  test.each([TABLE, 2 * TABLE, 2 * TABLE + 1, TABLE - 1])(
    '%i pages, of which whole tables are shared at once',
    (pages) => {
      const source = filled(one, pages);
      const target = other.alloc(pages)!;
      share(source, target);
      expect(seen(target)).toEqual(pattern(pages));
      expect(machine.hv.frameUsage()).toEqual({ pages, references: 2 * pages, shared: pages, saved: pages });
      expect(references(target)).toEqual(new Array(pages).fill(2));

      saveFrames(source, PAGE, Uint8Array.of(9));
      expect(machine.hv.frameUsage()).toMatchObject({ pages: pages + 1, saved: pages - 1 });
      expect(seen(target)).toEqual(pattern(pages));
      expect(references(target).slice(0, 3)).toEqual([2, 1, 2]);
      saveFrames(target, 0, pattern(pages, 5));
      expect(machine.hv.frameUsage()).toMatchObject({ pages: 2 * pages, shared: 0 });
    },
  );

  test('what a target had is given back, also a table that was the last of its kind', () => {
    const source = filled(one, TABLE);
    const target = filled(other, TABLE, 3);
    share(source, target);
    expect(machine.hv.frameUsage().pages).toBe(TABLE);
    share(one.alloc(TABLE)!, target);
    expect(seen(target).every((byte) => byte === 0)).toBe(true);
    expect(machine.hv.frameUsage()).toMatchObject({ pages: TABLE, shared: 0 });
  });

  test('a domain that dies leaves what it shared to those who have it', () => {
    const source = filled(one, TABLE + 2);
    const target = other.alloc(TABLE + 2)!;
    share(source, target);
    machine.hv.destroyDomain(1);
    expect(machine.hv.checkFrames()).toEqual([]);
    expect(machine.hv.frameUsage()).toMatchObject({ pages: TABLE + 2, shared: 0 });
    expect(seen(target)).toEqual(pattern(TABLE + 2));
    expect(() => seen(source)).toThrow('gone');
    expect(() => share(target, source)).toThrow('gone');
    expect(() => share(source, target)).toThrow('gone');
    saveFrames(target, 0, Uint8Array.of(1));
    expect(machine.hv.frameUsage().pages).toBe(TABLE + 2);
  });

  test('a page of the dead is zeros for the next, until that has written to it', () => {
    filled(one, QUOTA, 7);
    machine.hv.destroyDomain(1);
    const next = other.alloc(QUOTA)!;
    for (let page = 0; page < QUOTA; page++) saveFrames(next, page * PAGE + 100, Uint8Array.of(5));
    const bytes = seen(next);
    expect(bytes.filter((byte) => byte !== 0)).toHaveLength(QUOTA);
  });

  test('a kernel that runs out of stack half-way leaves counts and content right', () => {
    const source = filled(one, TABLE + 1);
    const target = other.alloc(TABLE + 1)!;
    const page = new Uint8Array(PAGE).fill(9);
    let worked = 0;
    let failed = 0;
    function dive(): void {
      try {
        dive();
      } catch {
        // The stack has ended: from here on there is more of it, frame by frame.
      }
      if (worked === 20) return;
      try {
        share(source, target);
        saveFrames(target, PAGE, page);
        worked++;
      } catch {
        failed++;
      }
    }
    dive();
    expect([worked, failed > 0]).toEqual([20, true]);
    expect(machine.hv.checkFrames()).toEqual([]);
    expect(seen(source)).toEqual(pattern(TABLE + 1));
    const expected = pattern(TABLE + 1);
    expected.set(page, PAGE);
    expect(seen(target)).toEqual(expected);
  });

  test('a kernel that replaces methods of built-in objects is not handed hidden memory', () => {
    const source = filled(one, 2);
    const target = other.alloc(2)!;
    const { set, fill, subarray } = Uint8Array.prototype;
    const [load, get] = [Atomics.load, WeakMap.prototype.get];
    let calls = 0;
    const spy = () => {
      calls++;
      throw new Error('looked');
    };
    Object.assign(Uint8Array.prototype, { set: spy, fill: spy, subarray: spy });
    Object.assign(Atomics, { load: spy });
    Object.assign(WeakMap.prototype, { get: spy });
    try {
      share(source, target);
      saveFrames(target, 5, Uint8Array.of(1));
      loadFrames(target, 0, new Uint8Array(2 * PAGE));
    } finally {
      Object.assign(Uint8Array.prototype, { set, fill, subarray });
      Object.assign(Atomics, { load });
      Object.assign(WeakMap.prototype, { get });
    }
    expect(calls).toBe(0);
  });
});

describe('pools', () => {
  test('count for the quota of their domain', async () => {
    using small = startMachine([1], 10);
    const { memory, frames } = small.dom(1);
    const pool = await frames.pool(8);
    expect([pool.pages, pool.used]).toEqual([8, 0]);
    await expect(frames.pool(3)).rejects.toMatchObject({ code: 'ENOMEM' });
    await expect(memory.alloc(2)).rejects.toMatchObject({ code: 'ENOMEM' });
    await memory.alloc(1);
    expect(small.hv.usage(1)?.pages).toBe(10);
  });

  test.each([-1, 0.5, Number.NaN, '4', 2 ** 40])('there is none of %s pages', async (pages) => {
    await expect(machine.dom(1).frames.pool(pages as number)).rejects.toMatchObject({
      code: pages === 2 ** 40 ? 'ENOMEM' : 'EINVAL',
    });
  });

  test('more frames than a machine has cost the quota nothing', async () => {
    using huge = startMachine([1], 2 ** 26);
    await expect(huge.dom(1).frames.pool(2 ** 25)).rejects.toMatchObject({ code: 'ENOMEM' });
    expect(huge.hv.usage(1)?.pages).toBe(0);
    expect((await huge.dom(1).frames.pool(4)).alloc(4)).toBeDefined();
  });

  test('have room for what they can hold, in any order of coming and going', () => {
    const small = Array.from({ length: QUOTA }, () => one.alloc(1)!);
    expect(one.alloc(1)).toBeUndefined();
    for (let index = 0; index < QUOTA; index += 2) one.free(small[index]!);
    expect(one.used).toBe(QUOTA / 2);
    expect(one.alloc(QUOTA / 2)).toBeDefined();
    expect(one.alloc(1)).toBeUndefined();
  });

  test('transfers have pages beside the quota, and not without end', () => {
    expect(one.alloc(QUOTA)).toBeDefined();
    const held = Array.from({ length: 256 }, () => one.transit(64)!);
    expect(one.transit(1)).toBeUndefined();
    expect(other.transit(65)).toBeUndefined();
    one.free(held[5]!);
    expect(one.transit(1)?.pages).toBe(1);
    expect(one.used).toBe(QUOTA);
  });

  test('a domain that may end before its thread does gives the operating system no pages, and moves none when it has ended', async () => {
    const door = machine.hv.createDomain(3, 8, { ownThread: false });
    const client = connectHypercalls(door);
    const pool = await client.frames.pool(8);
    expect(pool.transit(1)).toBeUndefined();
    const vector = filled(pool, 2);
    const source = filled(one, 2);
    client.close();
    expect(() => seen(vector)).toThrow('gone');
    expect(() => share(source, vector)).toThrow('gone');
    expect(() => share(vector, source)).toThrow('gone');
    expect(seen(source)).toEqual(pattern(2));
  });

  test('free their own pages only, once', () => {
    const vector = one.alloc(2)!;
    expect(() => other.free(vector)).toThrow('not of this pool');
    one.free(vector);
    expect(() => one.free(vector)).toThrow('freed');
    expect(() => one.free({ pages: 1 })).toThrow('no vector');
    expect(() => seen(vector)).toThrow('freed');
  });
});

test('discarding gives whole pages back, and leaves the tables of others alone', () => {
  const source = filled(one, TABLE);
  const target = other.alloc(TABLE)!;
  share(source, target);
  discardFrames(target, 10, 3 * PAGE);
  expect(references(target).slice(0, 4)).toEqual([2, 0, 0, 2]);
  expect(seen(source)).toEqual(pattern(TABLE));
  const expected = pattern(TABLE).fill(0, PAGE, 3 * PAGE);
  expect(seen(target)).toEqual(expected);
});

test('a vector that moves within itself, by pages, tables and odd bytes, either way', () => {
  const pages = 3 * TABLE;
  for (const shift of [PAGE, TABLE * PAGE, 1, PAGE - 3, 5 * PAGE + 1]) {
    for (const [from, to] of [
      [0, shift],
      [shift, 0],
    ] as const) {
      const vector = filled(one, pages, 4);
      const length = pages * PAGE - shift;
      copyFrames(vector, from, vector, to, length, true);
      const expected = pattern(pages, 4).copyWithin(to, from, from + length);
      expect(Buffer.compare(seen(vector), expected)).toBe(0);
      one.free(vector);
    }
  }
});
