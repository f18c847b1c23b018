// SPDX-License-Identifier: Apache-2.0

import { setImmediate as nextTurn } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Registration } from '../../../src/hv/lending-contract.ts';
import type { PinnedBuffer, PoolBuffer, Quotas } from '../../../src/idc/contract.ts';
import { initControl, layoutOf } from '../../../src/idc/layout.ts';
import { createSharedBuffers } from '../../../src/idc/shared-buffers.ts';
import { until } from '../../support/hv-machine.ts';

const PAGE = 4096;
const QUOTAS: Quotas = { inFlight: 2, bodyBytes: 8, poolBytes: 4 * PAGE, registrations: 3 };

function lending(quotas: Quotas = QUOTAS) {
  const layout = layoutOf(quotas);
  const control = new SharedArrayBuffer(layout.controlBytes);
  const pool = new SharedArrayBuffer(layout.poolBytes);
  initControl(control, quotas);
  const table = new Int32Array(control, layout.table('front'));
  return {
    table,
    pool: new Uint8Array(pool),
    front: createSharedBuffers({ control, pool, quotas, side: 'front' }),
    back: createSharedBuffers({ control, pool, quotas, side: 'back' }),
  };
}

/** Whether a fence has completed. */
function fenced(registration: Registration): { done: boolean } {
  const fence = { done: false };
  registration.unregister(() => {
    fence.done = true;
  });
  return fence;
}

describe('the pool', () => {
  test('gives whole pages, of this side only, until it is used up', () => {
    const { front, back } = lending();
    const lengths = [0, 1, PAGE - 1, PAGE, PAGE + 1];
    for (const length of lengths) {
      const buffer = front.alloc(length)!;
      expect(buffer.bytes).toHaveLength(length);
      const rest = Array.from({ length: 4 }, () => front.alloc(1)).filter((one) => one !== undefined);
      expect(rest).toHaveLength(length > PAGE ? 2 : 3);
      for (const one of [buffer, ...rest]) one.free();
    }
    expect(front.alloc(4 * PAGE + 1)).toBeUndefined();
    const [mine, theirs] = [front.alloc(4 * PAGE)!, back.alloc(4 * PAGE)!];
    mine.bytes.fill(1);
    expect(theirs.bytes.every((byte) => byte === 0)).toBe(true);
  });

  test('is as large for each side as the quotas say', () => {
    const { front, back, table, pool } = lending({ ...QUOTAS, backPoolBytes: PAGE });
    expect(pool).toHaveLength(5 * PAGE);
    expect(back.alloc(PAGE + 1)).toBeUndefined();
    const buffer = back.alloc(PAGE)!;
    const { reference } = back.register(buffer, 'write')!;
    front.pin(reference, 0, 'write')!.bytes.fill(3);
    expect(buffer.bytes.every((byte) => byte === 3)).toBe(true);
    expect(pool.subarray(0, 4 * PAGE).every((byte) => byte === 0)).toBe(true);
    // The tables follow each other: this is the length in the back end's first entry.
    table[QUOTAS.registrations * 8 + 8 + 3] = PAGE + 1;
    expect(front.pin(reference, 0, 'write')).toBeUndefined();
  });

  test('can be lent in part', () => {
    const { front, back } = lending();
    const buffer = front.alloc(2 * PAGE)!;
    const { reference } = front.register(buffer, 'write', PAGE - 8, 16)!;
    const { bytes } = back.pin(reference, 0, 'write')!;
    expect(bytes).toHaveLength(16);
    bytes.fill(5);
    expect(buffer.bytes.indexOf(5)).toBe(PAGE - 8);
    expect(buffer.bytes.lastIndexOf(5)).toBe(PAGE + 7);
    for (const [offset, length] of [
      [2 * PAGE - 8, 16],
      [-8, 16],
      [2 * PAGE + 1, undefined],
      [0, Number.NaN],
    ] as const) {
      expect(() => front.register(buffer, 'write', offset, length)).toThrow(RangeError);
    }
  });

  test('no page is in two buffers, whatever is given and taken', () => {
    const { front, pool } = lending();
    const step = fc.oneof(fc.record({ alloc: fc.nat(2 * PAGE) }), fc.record({ free: fc.nat(5) }));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 50 }), (steps) => {
        const held = new Map<number, PoolBuffer>();
        let mark = 0;
        for (const one of steps) {
          if ('alloc' in one) {
            const buffer = front.alloc(one.alloc);
            buffer?.bytes.fill(++mark);
            if (buffer) held.set(mark, buffer);
          } else {
            const [victim] = [...held].at(one.free % Math.max(1, held.size)) ?? [];
            if (victim !== undefined) held.get(victim)!.free();
            if (victim !== undefined) held.delete(victim);
          }
          for (const [value, { bytes }] of held) expect(bytes.every((byte) => byte === value)).toBe(true);
        }
        for (const buffer of held.values()) buffer.free();
        pool.fill(0);
      }),
    );
    expect(front.alloc(4 * PAGE)).toBeDefined();
  });

  test('a range is given back once, and not while it is lent', () => {
    const { front, back } = lending();
    const buffer = front.alloc(10)!;
    const registration = front.register(buffer, 'read')!;
    expect(() => buffer.free()).toThrow('registered');
    const pinned = back.pin(registration.reference, 0, 'read')!;
    registration.unregister(() => {});
    expect(() => buffer.free()).toThrow('registered');
    pinned.release();
    front.close();
    buffer.free();
    expect(() => buffer.free()).toThrow('given back');
    expect(front.register(buffer, 'read')).toBeUndefined();
  });
});

describe('a reference', () => {
  test.each([
    ['read', ['read']],
    ['write', ['write']],
    ['readwrite', ['read', 'write']],
  ] as const)('%s gives %j and no more', (rights, given) => {
    const { front, back } = lending();
    const { reference } = front.register(front.alloc(5)!, rights)!;
    for (const right of ['read', 'write'] as const) {
      expect(back.pin(reference, 0, right) !== undefined).toBe((given as readonly string[]).includes(right));
    }
  });

  test('names exactly the bytes that were registered', () => {
    const { front, back } = lending();
    front.alloc(1);
    const buffer = front.alloc(PAGE + 3)!;
    const { reference } = front.register(buffer, 'readwrite')!;
    const message = new Uint8Array(100);
    message.set(reference, 41);
    const pinned = back.pin(message, 41, 'write')!;
    expect(pinned.bytes).toHaveLength(PAGE + 3);
    pinned.bytes.set([1, 2, 3], PAGE);
    expect([...buffer.bytes.subarray(PAGE)]).toEqual([1, 2, 3]);
  });

  test('that is forged, cut short or of the wrong side names nothing and leaves no pin', () => {
    const { front, back, table } = lending();
    const { reference } = front.register(front.alloc(5)!, 'readwrite')!;
    const view = (change: (view: DataView) => void): Uint8Array => {
      const forged = reference.slice();
      change(new DataView(forged.buffer));
      return forged;
    };
    const before = [...table];
    for (const forged of [
      view((to) => to.setUint32(0, 1, true)),
      view((to) => to.setUint32(0, QUOTAS.registrations, true)),
      view((to) => to.setUint32(0, 0xffffffff, true)),
      view((to) => to.setUint32(4, 0, true)),
      view((to) => to.setUint32(4, 2, true)),
      view((to) => to.setUint32(4, 0xffffffff, true)),
      reference.slice(0, 23),
      new Uint8Array(0),
    ]) {
      expect(back.pin(forged, 0, 'read')).toBeUndefined();
    }
    expect(back.pin(reference, 1, 'read')).toBeUndefined();
    expect(front.pin(reference, 0, 'read')).toBeUndefined();
    expect([...table]).toEqual(before);
  });

  test('length and rights written into the reference by others change nothing', () => {
    const { front, back } = lending();
    const { reference } = front.register(front.alloc(5)!, 'read')!;
    const forged = reference.slice();
    new DataView(forged.buffer).setUint32(8, 3 * PAGE, true);
    new DataView(forged.buffer).setUint32(12, 3, true);
    expect(back.pin(forged, 0, 'write')).toBeUndefined();
    expect(back.pin(forged, 0, 'read')!.bytes).toHaveLength(5);
  });

  test('that is stale never names what is registered later in its place', () => {
    const { front, back } = lending();
    const buffer = front.alloc(5)!;
    const stale: Uint8Array[] = [];
    for (let use = 0; use < 20; use++) {
      const registration = front.register(buffer, 'readwrite')!;
      for (const reference of stale) expect(back.pin(reference, 0, 'read')).toBeUndefined();
      back.pin(registration.reference, 0, 'read')!.release();
      const fence = fenced(registration);
      expect(fence.done).toBe(true);
      stale.push(registration.reference);
    }
  });

  test('an owner that lies in its table cannot lead out of the pool', () => {
    const { front, back, table, pool } = lending();
    const { reference } = front.register(front.alloc(5)!, 'readwrite')!;
    for (const [offset, length] of [
      [0, 4 * PAGE + 1],
      [4 * PAGE, 1],
      [-1, 1],
      [-1, -1],
      [-8, 16],
      [0x7fffffff, 0x7fffffff],
    ]) {
      table[2] = offset!;
      table[3] = length!;
      expect([offset, length, back.pin(reference, 0, 'write')]).toEqual([offset, length, undefined]);
    }
    expect(table[1]).toBe(0);
    table[2] = 0;
    table[3] = 4 * PAGE;
    const { bytes } = back.pin(reference, 0, 'write')!;
    expect([bytes.byteOffset, bytes.length, pool.length]).toEqual([0, 4 * PAGE, 8 * PAGE]);
  });
});

describe('unregistering', () => {
  test('waits for every pin that exists and for no other', async () => {
    const { front, back } = lending();
    const registrations = [0, 1].map(() => front.register(front.alloc(5)!, 'readwrite')!);
    const pins = registrations.map(({ reference }) => back.pin(reference, 0, 'write')) as PinnedBuffer[];
    pins.push(back.pin(registrations[0]!.reference, 0, 'read')!);
    const fence = fenced(registrations[0]!);
    expect(back.pin(registrations[0]!.reference, 0, 'read')).toBeUndefined();
    pins[0]!.release();
    pins[0]!.release();
    for (let turn = 0; turn < 5; turn++) await nextTurn();
    expect(fence.done).toBe(false);
    pins[2]!.release();
    await until(() => fence.done);
    expect(() => registrations[0]!.unregister(() => {})).toThrow('twice');
  });

  test('returns the place to the quota when the fence has completed, not before', async () => {
    const { front, back } = lending();
    const buffer = front.alloc(5)!;
    const all = Array.from({ length: QUOTAS.registrations }, () => front.register(buffer, 'read')!);
    expect(front.register(buffer, 'read')).toBeUndefined();
    const pinned = back.pin(all[1]!.reference, 0, 'read')!;
    const fence = fenced(all[1]!);
    expect(front.register(buffer, 'read')).toBeUndefined();
    pinned.release();
    await until(() => fence.done);
    expect(front.register(buffer, 'read')).toBeDefined();
    expect(front.register(buffer, 'read')).toBeUndefined();
  });

  test('what cannot be registered takes nothing from the quota', () => {
    const { front, back } = lending();
    const foreign = back.alloc(5)!;
    for (let number = 0; number < 10; number++) expect(front.register(foreign, 'read')).toBeUndefined();
    expect(front.register(front.alloc(5)!, 'read')).toBeDefined();
  });

  test('completes when the connection ends, pinned or not, also when it starts after that', () => {
    const { front, back } = lending();
    const [first, second] = [0, 1].map(() => front.register(front.alloc(5)!, 'read')!);
    back.pin(first!.reference, 0, 'read');
    back.pin(second!.reference, 0, 'read');
    const fence = fenced(first!);
    expect(fence.done).toBe(false);
    front.close();
    expect(fence.done).toBe(true);
    expect(fenced(second!).done).toBe(true);
    back.close();
    expect(back.pin(second!.reference, 0, 'read')).toBeUndefined();
  });

  test('is not held up in its thread by a user who moves the count all the time', async () => {
    const { front, back, table } = lending();
    const registration = front.register(front.alloc(5)!, 'read')!;
    const pinned = back.pin(registration.reference, 0, 'read')!;
    const fence = fenced(registration);
    for (let turn = 0; turn < 20; turn++) {
      Atomics.add(table, 1, 1);
      Atomics.notify(table, 1);
      await nextTurn();
    }
    expect(fence.done).toBe(false);
    Atomics.store(table, 1, 1);
    pinned.release();
    await until(() => fence.done);
  });
});
