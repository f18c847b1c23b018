// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Limits, REFERENCE_BYTES, type Rights } from '../../../src/hv/lending-contract.ts';
import { borrow, end, open } from '../../support/hv-lending.ts';
import { startMachine } from '../../support/hv-machine.ts';

const [OWNER, USER, THIRD] = [1, 2, 3];

async function lendingMachine() {
  const machine = startMachine([OWNER, USER, THIRD]);
  const [owner, user, third] = [machine.dom(OWNER), machine.dom(USER), machine.dom(THIRD)];
  const extent = await owner.memory.alloc(0);
  return { machine, owner, user, third, extent, [Symbol.dispose]: () => machine[Symbol.dispose]() };
}

describe('a reference', () => {
  test('names nothing when any byte of what proves it is another', async () => {
    using all = await lendingMachine();
    const { reference } = all.owner.lending.register(all.extent, { rights: 'read', length: 100 })!;
    const part = (await borrow(all.user, reference)).attenuate({ offset: 10, length: 20 }) as Uint8Array;
    // Hints of a whole one may be anything: what they say is not believed.
    const hints = new Set([2, ...Array.from({ length: 12 }, (_, index) => 8 + index)]);
    for (const good of [reference, part]) {
      for (let byte = 0; byte < REFERENCE_BYTES; byte++) {
        for (let bit = 0; bit < 8; bit++) {
          const forged = good.slice();
          forged[byte]! ^= 1 << bit;
          for (const dom of [all.user, all.third]) {
            const borrowed = await open(dom, forged);
            if (good === reference && hints.has(byte)) expect(borrowed?.length ?? 100).toBe(100);
            else expect(borrowed).toBeUndefined();
            if (borrowed !== undefined) expect(borrowed.rights).toBe('read');
          }
        }
      }
    }
  });

  test('cannot be guessed', async () => {
    using all = await lendingMachine();
    const { reference } = all.owner.lending.register(all.extent, { rights: 'readwrite' })!;
    await borrow(all.user, reference);
    const guess = reference.slice();
    for (let round = 0; round < 20_000; round++) {
      crypto.getRandomValues(guess.subarray(20));
      let found: unknown;
      all.user.lending.open(guess, 0, (borrowed) => {
        found = borrowed;
      });
      expect(found).toBeUndefined();
    }
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 40 }), async (bytes) => {
        expect(await open(all.third, bytes)).toBeUndefined();
      }),
    );
  });

  test('is never twice the same, and one that ended names nothing ever after', async () => {
    using all = await lendingMachine();
    const seen = new Set<string>();
    const stale: Uint8Array[] = [];
    for (let round = 0; round < 500; round++) {
      const registration = all.owner.lending.register(all.extent, { rights: 'readwrite' })!;
      const { reference } = registration;
      seen.add(reference.toString());
      const borrowed = await borrow(all.user, reference);
      stale.push(reference, borrowed.attenuate({ rights: 'read' }) as Uint8Array);
      await end(registration).fence;
      expect(borrowed.write(0, new Uint8Array(1))).toBe('gone');
      expect(borrowed.read(0, new Uint8Array(1))).toBe('gone');
      expect(borrowed.attenuate({})).toBe('gone');
    }
    expect(seen.size).toBe(500);
    all.owner.lending.register(all.extent, { rights: 'readwrite' });
    for (const reference of stale) expect(await open(all.user, reference)).toBeUndefined();
    expect(await open(all.third, stale[0]!)).toBeUndefined();
  });

  test('is read once: what changes meanwhile is not looked at', async () => {
    using all = await lendingMachine();
    const { reference } = all.owner.lending.register(all.extent, { rights: 'read', length: 64 })!;
    const copy = reference.slice();
    const answer = open(all.user, copy);
    copy.fill(255);
    expect((await answer)?.length).toBe(64);
  });

  test('of a dead domain names nothing, also when its number is another’s', async () => {
    using all = await lendingMachine();
    const { reference } = all.owner.lending.register(all.extent, { rights: 'readwrite' })!;
    const before = await borrow(all.user, reference);
    all.machine.hv.destroyDomain(OWNER);
    expect(before.read(0, new Uint8Array(1))).toBe('gone');
    expect(await open(all.user, reference)).toBeUndefined();
    const successor = all.machine.add(OWNER);
    const extent = await successor.memory.alloc(0);
    const fresh = successor.lending.register(extent, { rights: 'readwrite' })!;
    for (const dom of [all.user, all.third]) {
      expect(await open(dom, reference)).toBeUndefined();
      expect((await borrow(dom, fresh.reference)).write(0, new Uint8Array([7]))).toBe(1);
    }
    expect(before.write(0, new Uint8Array(1))).toBe('gone');
    expect(new Uint8Array(extent.buffer)[0]).toBe(7);
  });

  test('of an extent that was freed says so to who still has it', async () => {
    using all = await lendingMachine();
    const registration = all.owner.lending.register(all.extent, { rights: 'readwrite', by: 'map' })!;
    const borrowed = await borrow(all.user, registration.reference);
    await end(registration).fence;
    await all.owner.memory.free(all.extent);
    await all.user.memory.alloc(0);
    expect(borrowed.read(0, new Uint8Array(1))).toBe('gone');
    const next = all.owner.lending.register(await all.owner.memory.alloc(0), { rights: 'read' })!;
    expect((await borrow(all.user, next.reference)).read(0, new Uint8Array(1))).toBe(1);
  });
});

const BITS: Readonly<Record<Rights, number>> = { read: 1, write: 2, readwrite: 3 };

describe('attenuating', () => {
  test('gives what is said and no more, and needs neither the owner nor who did it', async () => {
    using all = await lendingMachine();
    new Uint8Array(all.extent.buffer).fill(1);
    const { reference } = all.owner.lending.register(all.extent, { rights: 'readwrite', offset: 8 })!;
    const part = (await borrow(all.user, reference)).attenuate({ rights: 'write', offset: 100, length: 10 });
    all.machine.hv.destroyDomain(USER);
    const borrowed = await borrow(all.third, part as Uint8Array);
    expect(borrowed).toMatchObject({ length: 10, rights: 'write' });
    expect(borrowed.write(9, new Uint8Array([5]))).toBe(1);
    expect(new Uint8Array(all.extent.buffer).indexOf(5)).toBe(117);
    expect(borrowed.read(0, new Uint8Array(1))).toBe('denied');
    expect(borrowed.write(10, new Uint8Array(1))).toBe('range');
    expect(borrowed.attenuate({ rights: 'read' })).toBe('denied');
    expect(borrowed.attenuate({ offset: 11 })).toBe('range');
    expect(borrowed.attenuate({ offset: 5, length: 6 })).toBe('range');
  });

  test('never widens, however often', async () => {
    using all = await lendingMachine();
    const { reference } = all.owner.lending.register(all.extent, { rights: 'readwrite', length: 1000 })!;
    const limits = fc.record(
      { rights: fc.constantFrom('read', 'write', 'readwrite'), offset: fc.nat(1100), length: fc.nat(1100) },
      { requiredKeys: [] },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(limits as fc.Arbitrary<Limits>, { maxLength: 5 }), async (chain) => {
        let current = reference;
        let model = { rights: 3, offset: 0, length: 1000 };
        for (const [step, limit] of chain.entries()) {
          const borrowed = await borrow(step % 2 === 0 ? all.user : all.third, current);
          const { offset = 0, rights = 'readwrite' } = limit;
          const { length = model.length - offset } = limit;
          const next = borrowed.attenuate(limit);
          if (length < 0 || offset + length > model.length) {
            expect(next).toBe('range');
          } else if ((BITS[rights] & model.rights) === 0) {
            expect(next).toBe('denied');
          } else {
            model = { rights: BITS[rights] & model.rights, offset: model.offset + offset, length };
            current = next as Uint8Array;
          }
        }
        const borrowed = await borrow(all.third, current);
        expect({ rights: BITS[borrowed.rights], length: borrowed.length }).toEqual({
          rights: model.rights,
          length: model.length,
        });
        if (model.length === 0 || (model.rights & 2) === 0) return;
        new Uint8Array(all.extent.buffer).fill(0);
        expect(borrowed.write(0, new Uint8Array([1]))).toBe(1);
        expect(new Uint8Array(all.extent.buffer).indexOf(1)).toBe(model.offset);
      }),
    );
  });

  test('ends with what it was made from', async () => {
    using all = await lendingMachine();
    const registration = all.owner.lending.register(all.extent, { rights: 'read' })!;
    const part = (await borrow(all.user, registration.reference)).attenuate({ length: 5 }) as Uint8Array;
    const borrowed = await borrow(all.third, part);
    await end(registration).fence;
    expect(borrowed.read(0, new Uint8Array(1))).toBe('gone');
    expect(await open(all.user, part)).toBeUndefined();
  });
});
