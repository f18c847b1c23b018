// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { startMachine } from '../../support/hv-machine.ts';
import { withLittleStack } from '../../support/stack.ts';

const TO = { domid: 1, aport: 0 };

async function pair(length = 4096) {
  const machine = startMachine([1, 2]);
  const [receiver, sender] = [machine.dom(1), machine.dom(2)];
  const ring = await receiver.argo.register(0, 2, length);
  await sender.argo.resolve(TO);
  return { machine, receiver, sender, ring, [Symbol.dispose]: () => machine[Symbol.dispose]() };
}

function isShared(value: unknown): value is ArrayBufferView {
  return ArrayBuffer.isView(value) && value.buffer instanceof SharedArrayBuffer;
}

/** Every object that can be reached from here. */
function reachable(from: unknown, seen = new Set<unknown>()): Set<unknown> {
  if (!(from instanceof Object) || seen.has(from)) return seen;
  seen.add(from);
  for (const key of Reflect.ownKeys(from)) {
    const { value, get } = Reflect.getOwnPropertyDescriptor(from, key)!;
    reachable(value, seen);
    reachable(get, seen);
  }
  return seen;
}

describe('a hostile sender', () => {
  test('names no other domain: there is no place to say one', async () => {
    using all = await pair();
    const { argo } = all.sender;
    expect(argo.sendv({ domid: 0, aport: 9 } as unknown as number, TO, [], 0)).toBe('EINVAL');
    const lying = Object.assign([], { source: { domid: 0, aport: 9 }, domid: 0 });
    expect(argo.sendv(9, { ...TO, source: 0 } as typeof TO, lying, 0)).toBe(0);
    expect({ ...all.ring.receive()?.source }).toEqual({ domid: 2, aport: 9 });
  });

  test('finds no memory of the ring in anything that it is given', async () => {
    using all = await pair();
    all.sender.argo.sendv(0, TO, [Uint8Array.of(1)], 0);
    const found = [...reachable(all.sender.argo)];
    expect(found.filter((value) => value instanceof SharedArrayBuffer || isShared(value))).toEqual([]);
  });

  test('is handed no memory through accessors and methods that it put on all objects', async () => {
    using all = await pair();
    const views = Object.getPrototypeOf(Uint8Array.prototype) as object;
    const body = new Uint8Array(100);
    const taken: [unknown, PropertyKey][] = [];
    const undo: (() => void)[] = [];
    const spy = (on: object, name: PropertyKey): void => {
      const before = Object.getOwnPropertyDescriptor(on, name);
      if (before === undefined || !before.configurable) return;
      const { get, value } = before;
      const original = (get ?? value) as (...args: unknown[]) => unknown;
      if (typeof original !== 'function') return;
      function listening(this: unknown, ...args: unknown[]): unknown {
        for (const one of [this, ...args]) taken.push([one, name]);
        return original.apply(this, args);
      }
      Object.defineProperty(on, name, get ? { ...before, get: listening } : { ...before, value: listening });
      undo.push(() => Object.defineProperty(on, name, before));
    };
    for (const on of [views, Uint8Array.prototype, Buffer.prototype, Map.prototype, Set.prototype, Atomics]) {
      for (const name of Reflect.ownKeys(on)) if (name !== 'constructor') spy(on, name);
    }
    const sent = [all.sender.argo.sendv(0, TO, [body], 0), all.sender.argo.sendv(0, TO, [body.subarray(0, 7)], 0)];
    for (const one of undo) one();
    expect(sent).toEqual([100, 7]);
    // The receiver's shared page is no secret: partners of an event channel see it too (README of src/hv).
    const page = all.machine.door(1).info.words.byteLength;
    const memory = taken.filter(([one]) => isShared(one) && one.buffer.byteLength !== page);
    expect(memory.map(([, name]) => name)).toEqual([]);
    expect(taken.length).toBeGreaterThan(0);
  });

  test('that sends from within a getter of its own message is refused there', async () => {
    using all = await pair();
    const { argo } = all.sender;
    const inner: unknown[] = [];
    const iovs = {
      length: 1,
      get 0() {
        inner.push(argo.sendv(0, TO, [], 0));
        return Uint8Array.of(3);
      },
    };
    expect(argo.sendv(0, TO, iovs as unknown as Uint8Array[], 0)).toBe(1);
    expect(inner).toEqual(['EFAULT']);
    const throwing = {
      get length(): number {
        throw new Error('mine');
      },
    };
    expect(() => argo.sendv(0, TO, throwing as unknown as Uint8Array[], 0)).toThrow('mine');
    expect(argo.sendv(0, TO, [], 0)).toBe(0);
  });

  test('that runs out of stack in the middle of a message keeps nobody out', async () => {
    using all = await pair();
    const { argo } = all.sender;
    const piece = new Uint8Array(100);
    let sent = 0;
    let failed = 0;
    for (let frames = 1; sent < 30; frames += sent === 0 && frames > 60 ? frames : 1) {
      try {
        withLittleStack(frames, () => argo.sendv(0, TO, [piece, piece], 5));
      } catch {
        failed++;
      }
      // Waits until no sender is inside.
      await all.receiver.argo.register(0, 2, 4096);
      for (let message = all.ring.receive(); message; message = all.ring.receive()) {
        expect([message.length, message.type]).toEqual([200, 5]);
        sent++;
      }
    }
    expect(failed).toBeGreaterThan(0);
    expect(argo.sendv(0, TO, [piece], 5)).toBe(100);
  });
});

describe('a hostile receiver', () => {
  test.each([
    ['less than a header', 15],
    ['more than there is', 33],
    ['2^32 - 1', 0xffffffff],
  ])('that writes a length of %s has EBADMSG from its own ring, which goes on', async (_, length) => {
    using all = await pair();
    all.sender.argo.sendv(0, TO, [new Uint8Array(16)], 0);
    new Uint32Array(all.ring.buffer)[16] = length;
    expect(() => all.ring.receive()).toThrow(expect.objectContaining({ code: 'EBADMSG' }));
    expect(all.ring.receive()).toBeUndefined();
    all.sender.argo.sendv(0, TO, [Uint8Array.of(9)], 0);
    expect(all.ring.receive()?.bytes[0]).toBe(9);
  });

  test('cannot make a sender write outside the ring, or believe its tx_ptr', async () => {
    using all = await pair(208);
    const words = new Int32Array(all.ring.buffer);
    const { argo } = all.sender;
    const index = fc.oneof(fc.integer(), fc.constantFrom(0, 207, 208, 209, -1, 0x7fffffff, -0x80000000));
    fc.assert(
      fc.property(index, index, fc.nat(300), (rx, tx, length) => {
        words[0] = rx;
        words[1] = tx;
        const before = words.slice(2, 16);
        const sent = argo.sendv(0, TO, [new Uint8Array(length)], 0);
        if (sent !== 'EAGAIN' && sent !== 'EMSGSIZE') {
          expect(sent).toBe(length);
          expect([words[1]! % 16, words[1]! >= 0 && words[1]! < 208]).toEqual([0, true]);
        }
        expect(words.slice(2, 16)).toEqual(before);
      }),
    );
  });
});
