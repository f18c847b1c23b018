// SPDX-License-Identifier: Apache-2.0
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type FrameVector, PAGE_SIZE } from '../../../../src/hv/contract.ts';
import type { LocalBuffer } from '../../../../src/idc/buffers/contract.ts';
import { slice } from '../../../../src/idc/buffers/local-buffer.ts';
import { type PagePool, pagesOf } from '../../../../src/idc/buffers/pages.ts';
import { createStandardBuffers } from '../../../../src/idc/buffers/standard.ts';
import { copied, createStore, look, pattern, run, type Store } from './makers.ts';

const PAGE = PAGE_SIZE;
const { types, bytes, pages } = createStandardBuffers();
let store: Store;
let pool: PagePool;

beforeEach(() => {
  store = createStore(pages);
  pool = store.pool(64);
});

afterEach(() => {
  expect(store.check()).toEqual([]);
});

type Buffer = LocalBuffer<FrameVector>;

async function filled(length: number, start = 0, seed = 1, of = pool): Promise<Buffer> {
  const buffer = of.alloc(length, start)!;
  await copied(types, bytes.of(pattern(length, seed)), buffer);
  return buffer;
}

const seen = (buffer: LocalBuffer) => look(types, bytes, buffer);
const counts = (buffer: Buffer) => {
  const range = pagesOf(buffer);
  return Array.from({ length: range.count }, (_, index) => range.page(index)?.references ?? 0);
};
const write = (buffer: Buffer, at: number, ...content: number[]) =>
  copied(types, bytes.of(Uint8Array.from(content)), slice(buffer, at));

describe('pages to pages', () => {
  test('shares whole pages and copies what a page is not all of', async () => {
    const source = await filled(3 * PAGE + 100);
    const target = pool.alloc(3 * PAGE + 100)!;
    await copied(types, source, target);
    expect(await seen(target)).toEqual(pattern(3 * PAGE + 100));
    expect(counts(target)).toEqual([2, 2, 2, 1]);
    expect(store.usage()).toEqual({ pages: 5, references: 8, shared: 3, saved: 3 });
  });

  test('a write copies its page only, on either side', async () => {
    const source = await filled(3 * PAGE);
    const target = pool.alloc(3 * PAGE)!;
    await copied(types, source, target);
    await write(target, PAGE + 1, 0xaa, 0xbb);
    expect(counts(source)).toEqual([2, 1, 2]);
    expect(await seen(source)).toEqual(pattern(3 * PAGE));
    const expected = pattern(3 * PAGE);
    expected.set([0xaa, 0xbb], PAGE + 1);
    expect(await seen(target)).toEqual(expected);

    await write(source, 0, 0xcc);
    expect(await seen(target)).toEqual(expected);
    expect(counts(target)).toEqual([1, 1, 2]);
  });

  test('of a thousand readers, one keeps its copy; freeing the source harms nobody', async () => {
    // Each may have many pages on their way.
    const large = createStore(pages, true, 2 ** 32);
    const golden = large.pool(8);
    const image = await filled(8 * PAGE, 0, 1, golden);
    const guests = Array.from({ length: 1000 }, () => {
      const own = large.pool(8);
      return { own, buffer: own.alloc(8 * PAGE)! };
    });
    for (const { buffer } of guests) await copied(types, image, buffer);
    expect(large.usage()).toEqual({ pages: 8, references: 8008, shared: 8, saved: 8000 });
    await write(guests[7]!.buffer, 5 * PAGE, 1);
    expect(large.usage().pages).toBe(9);
    golden.free(image);
    expect(await seen(guests[999]!.buffer)).toEqual(pattern(8 * PAGE));
    expect(large.check()).toEqual([]);
    for (const { own, buffer } of guests) own.free(buffer);
    expect(large.usage().pages).toBe(0);
  });

  test.each([
    [1000, 1000, [1, 2, 2, 1]],
    [1000, 0, [1, 1]],
    [0, 1, [1, 1, 1]],
    [PAGE - 1, PAGE - 1, [1, 2, 2, 1]],
  ])('start %d in the first page to start %d', async (from, to, expected) => {
    const length = 2 * PAGE + (from === 0 || to === 0 ? 0 : PAGE);
    const source = await filled(length, from);
    const target = pool.alloc(length, to)!;
    await copied(types, source, target);
    expect(counts(target)).toEqual(expected);
    expect(await seen(target)).toEqual(pattern(length));
  });

  test('alignment is kept from one to the next, also for a part that starts anywhere', async () => {
    const first = await filled(4 * PAGE, 300);
    const part = slice(first, 555, 3 * PAGE);
    const second = pool.alloc(part.length, part.offset % PAGE)!;
    const third = pool.alloc(part.length, second.offset)!;
    await copied(types, part, second);
    await copied(types, second, third);
    expect(counts(third).filter((count) => count === 3)).toHaveLength(2);
    expect(await seen(third)).toEqual(pattern(4 * PAGE).subarray(555, 555 + 3 * PAGE));
  });

  test('what surrounds a range in its pages is not given away', async () => {
    const source = await filled(2 * PAGE, 0, 3);
    const target = pool.alloc(2 * PAGE)!;
    await copied(types, slice(source, 10, 2 * PAGE - 20), slice(target, 10));
    const expected = pattern(2 * PAGE, 3);
    expected.fill(0, 0, 10).fill(0, 2 * PAGE - 10);
    expect(await seen(target)).toEqual(expected);
  });

  test.each([PAGE, 2 * PAGE, 1, PAGE - 7, 3 * PAGE + 1])('overlapping by a shift of %d', async (shift) => {
    const length = 4 * PAGE;
    for (const [from, to] of [
      [0, shift],
      [shift, 0],
    ] as const) {
      const buffer = await filled(8 * PAGE, 0, 5);
      const expected = pattern(8 * PAGE, 5).copyWithin(to, from, from + length);
      await copied(types, slice(buffer, from, length), slice(buffer, to, length));
      expect(await seen(buffer)).toEqual(expected);
      pool.free(buffer);
    }
  });

  test('to itself changes nothing', async () => {
    const buffer = await filled(2 * PAGE + 5, 9);
    await copied(types, buffer, buffer);
    expect(await seen(buffer)).toEqual(pattern(2 * PAGE + 5));
  });

  test('without sharing the bytes are copied, and nobody sees a difference', async () => {
    const copying = createStandardBuffers({ sharing: false });
    const apart = createStore(copying.pages);
    const own = apart.pool(4);
    const one = own.alloc(2 * PAGE)!;
    const other = own.alloc(2 * PAGE)!;
    await copied(copying.types, copying.bytes.of(pattern(2 * PAGE, 2)), one);
    await copied(copying.types, one, other);
    expect(await look(copying.types, copying.bytes, other)).toEqual(pattern(2 * PAGE, 2));
    expect([...counts(one), ...counts(other)]).toEqual([1, 1, 1, 1]);
    expect(apart.check()).toEqual([]);
  });

  test('lengths beyond 4 GiB', async () => {
    const length = 2 ** 32 + 2 * PAGE + 1;
    const big = createStore(pages, true, 17 * 2 ** 30).pool(2 ** 21 + 6);
    const source = big.alloc(length, 7)!;
    const target = big.alloc(length, 7)!;
    const at = 2 ** 32 + 5;
    await write(source, at, 1, 2, 3);
    await write(target, PAGE, 9);
    await copied(types, source, target);
    expect([...(await seen(slice(target, at - 1, 5)))]).toEqual([0, 1, 2, 3, 0]);
    expect([...(await seen(slice(target, PAGE, 1)))]).toEqual([0]);
    big.free(source);
    big.free(target);
  });
});

describe('move', () => {
  test('hands whole pages over: no copy, and the source reads as zeros', async () => {
    const source = await filled(2 * PAGE + 10, 0, 4);
    const target = pool.alloc(2 * PAGE + 10)!;
    const before = [0, 1].map((index) => pagesOf(source).page(index)?.id);
    expect(await run(types, 'move', source, target)).toEqual({ error: undefined, bytes: 2 * PAGE + 10 });
    expect([0, 1].map((index) => pagesOf(target).page(index)?.id)).toEqual(before);
    expect(counts(target)).toEqual([1, 1, 1]);
    expect(counts(source)).toEqual([0, 0, 1]);
    expect(await seen(target)).toEqual(pattern(2 * PAGE + 10, 4));
    await write(source, 0, 1);
    expect(await seen(slice(target, 0, 1))).toEqual(pattern(1, 4));
  });

  test('of nothing, from a buffer that has no page', async () => {
    const { error } = await run(types, 'move', pool.alloc(0, 1)!, pool.alloc(0, 5)!);
    expect(error).toBeUndefined();
    expect(pagesOf(pool.alloc(0, 1)!)).toMatchObject({ start: 1, count: 0 });
  });

  test('leaves the source alone when it fails', async () => {
    const source = await filled(2 * PAGE);
    const { error } = await run(types, 'move', source, pool.alloc(PAGE)!);
    expect(error).toMatchObject({ code: 'ERANGE' });
    expect(await seen(source)).toEqual(pattern(2 * PAGE));
  });
});

describe('pools', () => {
  test('have quotas; a shared page counts for each, so that a later write cannot fail', async () => {
    const small = store.pool(4);
    expect(small.alloc(4 * PAGE, 1)).toBeUndefined();
    const one = await filled(2 * PAGE, 0, 1, small);
    const other = small.alloc(PAGE + 1)!;
    await copied(types, slice(one, 0, PAGE), other);
    expect(small.used).toBe(4);
    expect(small.alloc(1)).toBeUndefined();
    expect(small.alloc(0)).toBeDefined();
    await write(other, 0, 1);
    expect(await seen(one)).toEqual(pattern(2 * PAGE));
    small.free(slice(one, 5, 6));
    expect(small.used).toBe(2);
    expect(pool.alloc(64 * PAGE)).toBeDefined();
  });

  test('pages are zeros, also those that somebody had before', async () => {
    pool.free(await filled(64 * PAGE));
    const next = pool.alloc(64 * PAGE)!;
    expect((await seen(next)).every((byte) => byte === 0)).toBe(true);
    // Every page gets one byte, so that all are in use.
    for (let page = 0; page < 64; page++) await write(next, page * PAGE + 5, 7);
    const content = await seen(next);
    expect(content.filter((byte) => byte !== 0)).toHaveLength(64);
    expect(store.usage().pages).toBe(64);
  });

  test('memory is used again: nothing grows', async () => {
    const ids = new Set<number | undefined>();
    for (let round = 0; round < 100; round++) {
      const buffer = await filled(10 * PAGE);
      for (let index = 0; index < 10; index++) ids.add(pagesOf(buffer).page(index)?.id);
      pool.free(buffer);
    }
    expect(ids.size).toBeLessThanOrEqual(64);
  });

  test('freed pages are gone for every reference to them', async () => {
    const buffer = await filled(PAGE);
    pool.free(buffer);
    expect(() => pool.free(buffer)).toThrow('freed');
    expect(() => store.pool(9).free(pool.alloc(1)!)).toThrow('not of this pool');
    const room = bytes.of(new Uint8Array(PAGE));
    for (const [source, target] of [
      [buffer, room],
      [room, buffer],
      [buffer, pool.alloc(PAGE)!],
    ] as const) {
      expect(await run(types, 'copy', source, target)).toEqual({
        error: expect.objectContaining({ code: 'EBADF' }),
        bytes: 0,
      });
    }
    expect(() => pagesOf(buffer)).toThrow('freed');
  });

  test.each([
    [-1, 0],
    [1.5, 0],
    [1, PAGE],
    [1, -1],
  ])('refuse a buffer of %d bytes from %d on', (length, start) => {
    expect(() => pool.alloc(length, start)).toThrow(RangeError);
  });

  test('a range beyond the pages is refused', async () => {
    const buffer = await filled(PAGE);
    const { error } = await run(types, 'copy', { ...buffer, offset: 1 }, bytes.of(new Uint8Array(PAGE)));
    expect(error).toMatchObject({ code: 'ERANGE' });
  });
});

describe('pagesOf', () => {
  test('counts pages from the first byte of the buffer, and shows nothing of their content', async () => {
    const buffer = await filled(3 * PAGE, 100);
    const part = pagesOf(slice(buffer, PAGE, PAGE));
    expect([part.start, part.count]).toEqual([100, 2]);
    expect(part.page(0)).toEqual(pagesOf(buffer).page(1));
    expect(part.page(2)).toBeUndefined();
    expect(part.page(-1)).toBeUndefined();
    expect(buffer.base).toEqual({ pages: 4 });
    expect(Object.isFrozen(buffer.base)).toBe(true);
  });

  test('a forged base names no pages', () => {
    const forged = { ...pool.alloc(1)!, base: { pages: 1 } };
    expect(() => pagesOf(forged)).toThrow('no vector');
  });

  test('drop evicts a page here, and who shares it keeps it', async () => {
    const cache = await filled(2 * PAGE, 0, 6);
    const reader = pool.alloc(2 * PAGE)!;
    await copied(types, cache, reader);
    expect(pagesOf(cache).drop(0)).toBe(true);
    expect(counts(cache)).toEqual([0, 2]);
    expect(counts(reader)).toEqual([1, 2]);
    expect(await seen(reader)).toEqual(pattern(2 * PAGE, 6));
    expect((await seen(slice(cache, 0, PAGE))).some((byte) => byte !== 0)).toBe(false);
    expect(pagesOf(slice(cache, 1)).drop(0)).toBe(false);
    expect(pagesOf(cache).drop(2)).toBe(false);
    expect(pagesOf(cache).drop(-1)).toBe(false);
    expect(pagesOf(cache).drop(0.5)).toBe(false);
  });
});
