// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import type { MessagePort } from 'node:worker_threads';
import { describe, expect, test } from 'vitest';
import { connectHypercalls } from '../../src/hv/hypercalls.ts';
import type { DomainDoor } from '../../src/hv/hypervisor.ts';
import { markFilled } from '../../src/hv/lending-fill.ts';
import { COPY_WORD, hazardOf, hazardWord, PIN_WORD } from '../../src/hv/lending-hazards.ts';
import type { Opened } from '../../src/hv/lending-messages.ts';
import { parseReference } from '../../src/hv/lending-reference.ts';
import { borrow, end, open, pinNow } from '../support/hv-lending.ts';
import { publishReference } from '../support/hv-lending-programs.ts';
import { startMachine, until } from '../support/hv-machine.ts';
import { startThreadedMachine } from '../support/hv-threads.ts';
import { createWords, WORD } from '../support/hv-words.ts';

const [OWNER, MORTAL] = [1, 2];

/** A user of a reference, taken apart: its memory, and what it does in its order. */
interface User {
  readonly bytes: Uint8Array;
  readonly map: Int32Array<SharedArrayBuffer>;
  /** Sets the hazard, or clears it. */
  touch(on: boolean): void;
}

/** Steps of a copy of 100 bytes that are counted. A thread may end after each. */
const STEPS: readonly (readonly [string, (user: User) => void])[] = [
  ['knows the owner', () => {}],
  ['set its hazard', ({ touch }) => touch(true)],
  ['copied half', ({ bytes }) => bytes.fill(9, 0, 50)],
  ['copied all', ({ bytes }) => bytes.fill(9, 50, 100)],
  ['counted half', ({ map }) => markFilled(map, 0, 50)],
  ['counted all', ({ map }) => markFilled(map, 50, 50)],
  ['cleared its hazard', ({ touch }) => touch(false)],
];

/** What the hypervisor hands a hypercall client for a reference; the client is this test. */
async function handed(port: MessagePort, reference: Uint8Array): Promise<Opened> {
  const { domid, index, form, rights, offset, length, tag } = parseReference(reference, 0)!;
  const reply = once(port, 'message') as Promise<[{ result: Opened }]>;
  port.postMessage({ id: 1, op: 'lending.open', args: [domid, index, form, rights, offset, length, ...tag] });
  return (await reply)[0].result;
}

async function userOf(door: DomainDoor, reference: Uint8Array, word: number): Promise<User> {
  const { place, extents } = await handed(door.port, reference);
  const { hazards, place: mine } = door.lending;
  const at = hazardWord(hazards, mine, word);
  return {
    bytes: new Uint8Array(extents[0]!.buffer),
    map: new Int32Array(extents[1]!.buffer),
    touch: (on) => Atomics.store(hazards, at, on ? hazardOf(place, parseReference(reference, 0)!.index) : 0),
  };
}

describe.each([
  ['copy', COPY_WORD],
  ['pin', PIN_WORD + 5],
])('in a %s', (_kind, word) => {
  describe.each(STEPS.map(([label], index) => [label, index] as const))('a user that %s and dies', (_, last) => {
    const touching = last > 0 && last < STEPS.length - 1;

    async function dying() {
      const machine = startMachine([OWNER]);
      const owner = machine.dom(OWNER);
      const [extent, map] = [await owner.memory.alloc(0), await owner.memory.alloc(0)];
      let filled = 0;
      const fill = { extent: map, offset: 0, onFilled: () => filled++ };
      const registration = owner.lending.register(extent, { rights: 'write', length: 100, fill })!;
      const user = await userOf(machine.hv.createDomain(MORTAL, 0), registration.reference, word);
      for (const [, step] of STEPS.slice(0, last + 1)) step(user);
      return {
        ...{ machine, registration, owner, extent },
        filled: () => filled,
        [Symbol.dispose]: () => machine[Symbol.dispose](),
      };
    }

    test.each(['unmapAll', 'destroyDomain'] as const)('holds up no fence after %s', async (call) => {
      using all = await dying();
      const ending = end(all.registration);
      await all.owner.memory.alloc(0);
      expect(ending.complete).toBe(!touching);
      all.machine.hv[call](MORTAL);
      await ending.fence;
      expect(all.machine.hv.usage(OWNER)?.lent).toBe(0);
      await all.owner.memory.free(all.extent);
    });

    test('has what it counted seen', async () => {
      using all = await dying();
      all.machine.hv.destroyDomain(MORTAL);
      if (last === 5) await until(() => all.filled() === 1);
      await all.owner.memory.alloc(0);
      expect(all.filled()).toBe(last === 5 ? 1 : 0);
    });

    test('dies beside its owner', async () => {
      using all = await dying();
      const order = last % 2 === 0 ? [OWNER, MORTAL] : [MORTAL, OWNER];
      for (const domid of order) all.machine.hv.destroyDomain(domid);
      expect(all.machine.hv.domids()).toEqual([]);
    });
  });
});

test('two domains that use each other’s buffers die together, and their place is as new', async () => {
  using machine = startMachine([0]);
  const watcher = machine.dom(0);
  const kept = watcher.lending.register(await watcher.memory.alloc(0), { rights: 'readwrite', by: 'map' })!;
  for (let round = 0; round < 50; round++) {
    const doms = [machine.add(2 * round + 1), machine.add(2 * round + 2)] as const;
    const registrations = await Promise.all(
      doms.map(async (dom) => dom.lending.register(await dom.memory.alloc(0), { rights: 'readwrite', by: 'map' })!),
    );
    for (const [index, dom] of doms.entries()) {
      pinNow(await borrow(dom, registrations[1 - index]!.reference), 'write');
      pinNow(await borrow(dom, kept.reference), 'write');
      pinNow(await borrow(watcher, registrations[index]!.reference), 'read').release();
    }
    const endings = registrations.map(end);
    expect(endings.map(({ complete }) => complete)).toEqual([false, false]);
    if (round % 2 === 0) for (const { domid } of doms) machine.hv.unmapAll(domid);
    for (const { domid } of doms) machine.hv.destroyDomain(domid);
    for (const { reference } of registrations) expect(await open(watcher, reference)).toBeUndefined();
  }
  expect(end(kept).complete).toBe(true);
});

test('an owner that dies is an error for who uses its buffer, at once', async () => {
  using machine = startMachine([OWNER, MORTAL]);
  const [owner, user] = [machine.dom(OWNER), machine.dom(MORTAL)];
  const registration = owner.lending.register(await owner.memory.alloc(0), { rights: 'readwrite', by: 'map' })!;
  const borrowed = await borrow(user, registration.reference);
  const pinned = pinNow(borrowed, 'write');
  machine.hv.destroyDomain(OWNER);
  expect(borrowed.write(0, new Uint8Array(1))).toBe('gone');
  pinned.bytes.fill(1);
  pinned.release();
  const outcomes: unknown[] = [];
  borrowed.pin('read', (outcome) => outcomes.push(outcome));
  expect(outcomes).toEqual(['gone']);
  expect(await open(user, registration.reference)).toBeUndefined();
});

test('what is left of a dead user in a thread that goes on touches nothing of its successor', async () => {
  using machine = startMachine([OWNER, MORTAL]);
  const owner = machine.dom(OWNER);
  const registration = owner.lending.register(await owner.memory.alloc(0), { rights: 'readwrite', by: 'map' })!;
  const ghost = await borrow(machine.dom(MORTAL), registration.reference);
  const theirs = pinNow(ghost, 'write');
  machine.hv.destroyDomain(MORTAL);
  const heir = pinNow(await borrow(machine.add(MORTAL), registration.reference), 'write');
  theirs.release();
  expect(ghost.write(0, new Uint8Array(1))).toBe('gone');
  expect(() => pinNow(ghost, 'read')).toThrow(/gone/);
  const ending = end(registration);
  await owner.memory.alloc(0);
  expect(ending.complete).toBe(false);
  heir.release();
  await ending.fence;
});

test('a user that is killed with a pin lets go', async () => {
  await using machine = startThreadedMachine();
  const owner = connectHypercalls(machine.add(OWNER));
  const extent = await owner.memory.alloc(0);
  for (let life = 0; life < 5; life++) {
    const registration = owner.lending.register(extent, { rights: 'write', by: 'map' })!;
    const words = createWords();
    publishReference(words, 1, registration.reference);
    void machine.run(machine.add(MORTAL), 'lendingHold', { words, port: 0, rounds: 0 });
    await until(() => Atomics.load(words, WORD.held) === 1);
    const ending = end(registration);
    await owner.memory.alloc(0);
    expect(ending.complete).toBe(false);
    await machine.kill(MORTAL);
    await ending.fence;
  }
});

/** Lends, lets others write, takes back, looks; until so many rounds were written in. */
async function race(touchedRounds: number, users: number): Promise<void> {
  await using machine = startThreadedMachine();
  const owner = connectHypercalls(machine.add(OWNER));
  const extent = await owner.memory.alloc(4);
  const bytes = new Int32Array(extent.buffer);
  const words = createWords();
  for (let user = 0; user < users; user++) {
    void machine.run(machine.add(MORTAL + user), 'lendingFlood', { words, port: 0, rounds: 0, seed: user + 1 });
  }
  let touched = 0;
  for (let round = 1; touched < touchedRounds; round++) {
    const registration = owner.lending.register(extent, { rights: 'write' })!;
    const before = Atomics.load(words, WORD.count);
    publishReference(words, round, registration.reference);
    // Ends it in the midst of the first or a later write, or before any; and lets the others have the processor at times.
    const wanted = (round * 7919) % 5;
    for (let spin = 0; spin < 3000 && Atomics.load(words, WORD.count) - before < wanted; spin++);
    if (round % 100 === 0) await new Promise(setImmediate);
    const ending = end(registration);
    if (!ending.complete) await ending.fence;
    // What a writer of an earlier round has left, or one that came after its fence, would be another number.
    let found = false;
    for (let index = 0; index < bytes.length; index++) {
      const value = bytes[index]!;
      if (value === 0) continue;
      if (value !== round) throw new Error(`round ${round}: a byte changed after the fence of round ${value}`);
      found = true;
    }
    if (found) {
      touched++;
      bytes.fill(0);
    }
  }
}

test.each([1, 2])('unregistering is a fence while %i threads write: not one byte changes afterwards', (users) =>
  race(10_000, users),
);
