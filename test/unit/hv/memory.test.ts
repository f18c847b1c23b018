// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { MAX_ORDER, PAGE_SIZE } from '../../../src/hv/contract.ts';
import { createDomainMemory } from '../../../src/hv/memory.ts';
import { startMachine } from '../../support/hv-machine.ts';

describe('extents', () => {
  test.each([0, 1, 5, MAX_ORDER])('order %i has 2^order zeroed pages in a buffer of its own', async (order) => {
    using machine = startMachine([1], 2 ** MAX_ORDER + 1);
    const dom = machine.dom(1);
    const extent = await dom.memory.alloc(order);
    const other = await dom.memory.alloc(0);
    expect(extent.order).toBe(order);
    expect(extent.buffer.byteLength).toBe(2 ** order * PAGE_SIZE);
    expect(other.id).not.toBe(extent.id);
    new Uint8Array(extent.buffer).fill(255);
    expect(new Uint8Array(other.buffer).every((byte) => byte === 0)).toBe(true);
  });

  test('freed pages come back zeroed, and the old view stays apart from them', async () => {
    using machine = startMachine([1], 1);
    const dom = machine.dom(1);
    const first = await dom.memory.alloc(0);
    new Uint8Array(first.buffer).fill(7);
    await dom.memory.free(first);
    const second = await dom.memory.alloc(0);
    expect(new Uint8Array(second.buffer).every((byte) => byte === 0)).toBe(true);
    new Uint8Array(first.buffer).fill(9);
    expect(new Uint8Array(second.buffer)[0]).toBe(0);
    await expect(dom.memory.free(first)).rejects.toMatchObject({ code: 'EINVAL' });
  });

  test.each([-1, 0.5, MAX_ORDER + 1, 2 ** 40, Number.NaN, Number.POSITIVE_INFINITY])(
    'order %d does not exist',
    async (order) => {
      using machine = startMachine([1]);
      await expect(machine.dom(1).memory.alloc(order)).rejects.toMatchObject({ code: 'EINVAL' });
      expect(machine.hv.usage(1)).toMatchObject({ extents: 0, pages: 0 });
    },
  );
});

describe('quota', () => {
  test('the last page can be had, one more cannot, and freeing gives back', async () => {
    using machine = startMachine([1], 5);
    const dom = machine.dom(1);
    const four = await dom.memory.alloc(2);
    await dom.memory.alloc(0);
    await expect(dom.memory.alloc(0)).rejects.toMatchObject({ code: 'ENOMEM' });
    expect(machine.hv.usage(1)).toMatchObject({ extents: 2, pages: 5, quotaPages: 5 });
    await dom.memory.free(four);
    expect(machine.hv.usage(1)).toMatchObject({ extents: 1, pages: 1 });
    expect(await dom.memory.left()).toBe(4);
    await dom.memory.alloc(2);
    expect(machine.hv.usage(1)?.pages).toBe(5);
  });

  test('an extent that the machine itself has no memory for costs nothing', () => {
    const memory = createDomainMemory(4);
    const { SharedArrayBuffer: real } = globalThis;
    globalThis.SharedArrayBuffer = class {
      constructor() {
        throw new RangeError('Array buffer allocation failed');
      }
    } as unknown as typeof SharedArrayBuffer;
    try {
      expect(() => memory.alloc(1)).toThrow(RangeError);
    } finally {
      globalThis.SharedArrayBuffer = real;
    }
    expect(memory.usedPages()).toBe(0);
    expect(memory.count()).toBe(0);
  });
});

describe('free', () => {
  test('a granted extent is busy until the grant ends', async () => {
    using machine = startMachine([1, 2]);
    const dom = machine.dom(1);
    const extent = await dom.memory.alloc(0);
    const gref = await dom.gnttab.grantAccess(2, extent);
    await expect(dom.memory.free(extent)).rejects.toMatchObject({ code: 'EBUSY' });
    expect(machine.hv.usage(1)).toMatchObject({ extents: 1, pages: 1, grants: 1 });
    await dom.gnttab.endAccess(gref);
    await dom.memory.free(extent);
    expect(machine.hv.usage(1)).toMatchObject({ extents: 0, pages: 0, grants: 0 });
  });

  test("no domain frees what is another one's", async () => {
    using machine = startMachine([1, 2]);
    const extent = await machine.dom(1).memory.alloc(0);
    await expect(machine.dom(2).memory.free(extent)).rejects.toMatchObject({ code: 'EINVAL' });
    expect(machine.hv.usage(1)?.extents).toBe(1);
  });
});
