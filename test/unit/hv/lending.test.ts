// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import type { Refusal } from '../../../src/hv/lending-contract.ts';
import { CHUNK_BYTES, MAX_REGISTRATIONS } from '../../../src/hv/lending-contract.ts';
import { PIN_WORDS } from '../../../src/hv/lending-hazards.ts';
import { borrow, end, open, pinNow } from '../../support/hv-lending.ts';
import { startMachine } from '../../support/hv-machine.ts';

const [OWNER, USER] = [1, 2];

async function lendingMachine(order = 1) {
  const machine = startMachine([OWNER, USER]);
  const [owner, user] = [machine.dom(OWNER), machine.dom(USER)];
  const extent = await owner.memory.alloc(order);
  const bytes = new Uint8Array(extent.buffer);
  bytes.forEach((_, index) => {
    bytes[index] = index * 7;
  });
  return { machine, owner, user, extent, bytes, [Symbol.dispose]: () => machine[Symbol.dispose]() };
}

describe('what is lent', () => {
  test('can be read and written by who holds the reference, and by nobody beside the range', async () => {
    using all = await lendingMachine();
    const { reference } = all.owner.lending.register(all.extent, { rights: 'readwrite', offset: 3, length: 1000 })!;
    const borrowed = await borrow(all.user, reference);
    expect(borrowed).toMatchObject({ length: 1000, rights: 'readwrite', mappable: false });
    const target = new Uint8Array(10);
    expect(borrowed.read(5, target)).toBe(10);
    expect([...target]).toEqual([...all.bytes.subarray(8, 18)]);
    expect(borrowed.write(990, new Uint8Array(10).fill(255))).toBe(10);
    expect([...all.bytes.subarray(992, 1004)]).toEqual([(992 * 7) & 255, ...new Array(10).fill(255), (1003 * 7) & 255]);
    expect(borrowed.read(991, target)).toBe('range');
    expect(borrowed.write(991, target)).toBe('range');
    for (const offset of [-1, 0.5, Number.NaN, 2 ** 53, 2 ** 32]) expect(borrowed.read(offset, target)).toBe('range');
    expect(borrowed.read(1000, new Uint8Array(0))).toBe(0);
  });

  test.each([
    ['read', 'denied', 4],
    ['write', 4, 'denied'],
    ['readwrite', 4, 4],
  ] as const)('to %s: writing says %s, reading %s', async (rights, written, read) => {
    using all = await lendingMachine();
    const borrowed = await borrow(all.user, all.owner.lending.register(all.extent, { rights })!.reference);
    expect(borrowed.rights).toBe(rights);
    expect(borrowed.write(0, new Uint8Array(4))).toBe(written);
    expect(borrowed.read(0, new Uint8Array(4))).toBe(read);
  });

  test('is moved in chunks', async () => {
    using all = await lendingMachine(5);
    const borrowed = await borrow(all.user, all.owner.lending.register(all.extent, { rights: 'readwrite' })!.reference);
    expect(borrowed.read(0, new Uint8Array(CHUNK_BYTES + 1))).toBe(CHUNK_BYTES);
    expect(borrowed.write(CHUNK_BYTES, new Uint8Array(CHUNK_BYTES))).toBe(CHUNK_BYTES);
    expect(borrowed.write(CHUNK_BYTES, new Uint8Array(CHUNK_BYTES + 1))).toBe('range');
  });

  test('is found by a reference anywhere in a message, and used in the same turn once its owner is known', async () => {
    using all = await lendingMachine();
    const first = all.owner.lending.register(all.extent, { rights: 'read' })!;
    await borrow(all.user, first.reference);
    const second = all.owner.lending.register(all.extent, { rights: 'read', length: 77 })!;
    const message = new Uint8Array(64);
    message.set(second.reference, 13);
    let length: number | undefined;
    all.user.lending.open(message, 13, (borrowed) => {
      length = borrowed?.length;
    });
    expect(length).toBe(77);
    for (const at of [-1, 33, 64, 1e9, Number.NaN]) expect(await open(all.user, message, at)).toBeUndefined();
  });

  test('its owner may use, too', async () => {
    using all = await lendingMachine();
    const registration = all.owner.lending.register(all.extent, { rights: 'read', by: 'map' })!;
    const pinned = pinNow(await borrow(all.owner, registration.reference), 'read');
    const ending = end(registration);
    expect(ending.complete).toBe(false);
    pinned.release();
    await ending.fence;
  });

  test('is a range of an extent', async () => {
    using all = await lendingMachine();
    for (const [offset, length] of [
      [-1, 1],
      [0, 8193],
      [8192, 1],
      [0.5, 1],
      [0, Number.NaN],
      [9000, undefined],
    ] as const) {
      const range = length === undefined ? { offset } : { offset, length };
      expect(() => all.owner.lending.register(all.extent, { rights: 'read', ...range })).toThrow(RangeError);
    }
    expect(all.machine.hv.usage(OWNER)?.lent).toBe(0);
  });

  test('never reaches beyond an extent, whatever the owner says of it', async () => {
    using all = await lendingMachine();
    const liar = { ...all.extent, buffer: new SharedArrayBuffer(1 << 20) };
    const { reference } = all.owner.lending.register(liar, { rights: 'readwrite' })!;
    expect(await open(all.user, reference)).toBeUndefined();
    const nobodys = all.owner.lending.register({ ...all.extent, id: 99 }, { rights: 'readwrite' })!;
    expect(await open(all.user, nobodys.reference)).toBeUndefined();
  });

  test('keeps its extent', async () => {
    using all = await lendingMachine();
    const registration = all.owner.lending.register(all.extent, { rights: 'read', by: 'map' })!;
    const pinned = pinNow(await borrow(all.user, registration.reference), 'read');
    await expect(all.owner.memory.free(all.extent)).rejects.toMatchObject({ code: 'EBUSY' });
    const offer = await all.user.gnttab.acceptTransfer(OWNER);
    await expect(all.owner.gnttab.transfer(USER, offer, all.extent)).rejects.toMatchObject({ code: 'EBUSY' });
    const ending = end(registration);
    await expect(all.owner.memory.free(all.extent)).rejects.toMatchObject({ code: 'EBUSY' });
    pinned.release();
    await ending.fence;
    await all.owner.memory.free(all.extent);
    expect(all.machine.hv.usage(OWNER)).toMatchObject({ extents: 0, lent: 0 });
  });
});

describe('registrations', () => {
  test('that are reserved are nobody else’s, and come back', async () => {
    using all = await lendingMachine();
    const { lending } = all.owner;
    const mine = lending.reserve(2);
    const rest = lending.reserve(MAX_REGISTRATIONS);
    expect(lending.register(all.extent, { rights: 'read' })).toBeUndefined();
    const [one, two] = [mine, mine].map((registrar) => registrar.register(all.extent, { rights: 'read' })!);
    expect(mine.register(all.extent, { rights: 'read' })).toBeUndefined();
    expect(rest.register(all.extent, { rights: 'read' })).toBeDefined();
    await end(one!).fence;
    expect(() => mine.register(all.extent, { rights: 'read', offset: -1 })).toThrow(RangeError);
    expect(mine.register(all.extent, { rights: 'read' })).toBeDefined();
    mine.close();
    expect(mine.register(all.extent, { rights: 'read' })).toBeUndefined();
    expect(lending.register(all.extent, { rights: 'read' })).toBeUndefined();
    expect(await open(all.user, two!.reference)).toBeDefined();
    await end(two!).fence;
    expect(lending.register(all.extent, { rights: 'read' })).toBeDefined();
    expect(lending.register(all.extent, { rights: 'read' })).toBeUndefined();
  });

  test('end once', async () => {
    using all = await lendingMachine();
    const registration = all.owner.lending.register(all.extent, { rights: 'read' })!;
    await end(registration).fence;
    expect(() => registration.unregister(() => {})).toThrow(/twice/);
    expect(all.machine.hv.usage(OWNER)?.lent).toBe(0);
  });
});

describe('a pin', () => {
  test('needs leave, and the right', async () => {
    using all = await lendingMachine();
    const outcomes: (Refusal | object)[] = [];
    const copied = await borrow(all.user, all.owner.lending.register(all.extent, { rights: 'read' })!.reference);
    copied.pin('read', (outcome) => outcomes.push(outcome));
    const mapped = await borrow(
      all.user,
      all.owner.lending.register(all.extent, { rights: 'read', by: 'map' })!.reference,
    );
    mapped.pin('write', (outcome) => outcomes.push(outcome));
    expect(outcomes).toEqual(['denied', 'denied']);
  });

  test('is the real bytes of the range, and the fence waits for each', async () => {
    using all = await lendingMachine();
    const options = { rights: 'readwrite', by: 'map', offset: 100, length: 200 } as const;
    const registration = all.owner.lending.register(all.extent, options)!;
    const borrowed = await borrow(all.user, registration.reference);
    const [one, two] = [pinNow(borrowed, 'read'), pinNow(borrowed, 'write')];
    expect(one.bytes).toHaveLength(200);
    two.bytes[0] = 99;
    expect(all.bytes[100]).toBe(99);
    const ending = end(registration);
    expect(borrowed.read(0, new Uint8Array(1))).toBe('gone');
    const refused: unknown[] = [];
    borrowed.pin('read', (outcome) => refused.push(outcome));
    expect(refused).toEqual(['gone']);
    one.release();
    one.release();
    await all.owner.memory.alloc(0);
    expect(ending.complete).toBe(false);
    two.release();
    await ending.fence;
  });

  test('waits for another one when there are too many, and comes in order', async () => {
    using all = await lendingMachine();
    const registration = all.owner.lending.register(all.extent, { rights: 'read', by: 'map' })!;
    const borrowed = await borrow(all.user, registration.reference);
    const pins = Array.from({ length: PIN_WORDS }, () => pinNow(borrowed, 'read'));
    const came: (readonly [number, unknown])[] = [];
    for (const number of [1, 2, 3]) borrowed.pin('read', (outcome) => came.push([number, outcome]));
    expect(borrowed.read(0, new Uint8Array(1))).toBe(1);
    expect(came).toEqual([]);
    pins.pop()!.release();
    expect(came.map(([number]) => number)).toEqual([1]);
    const ending = end(registration);
    pins.pop()!.release();
    expect(came.slice(1)).toEqual([
      [2, 'gone'],
      [3, 'gone'],
    ]);
    for (const pinned of pins) pinned.release();
    await all.owner.memory.alloc(0);
    expect(ending.complete).toBe(false);
    (came[0]![1] as { release(): void }).release();
    await ending.fence;
  });
});
