// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import type { MessagePort } from 'node:worker_threads';
import { describe, expect, test } from 'vitest';
import { ARGO_DOMID_ANY, type ArgoRing } from '../../src/hv/argo-contract.ts';
import { copyIn } from '../../src/hv/argo-copy.ts';
import { lockRing } from '../../src/hv/argo-lock.ts';
import { type ArgoMemory, LOCK, openRingMemory, RING_HEADER, setSendIndex } from '../../src/hv/argo-memory.ts';
import type { Resolution } from '../../src/hv/argo-messages.ts';
import { VIRQ } from '../../src/hv/contract.ts';
import { connectHypercalls } from '../../src/hv/hypercalls.ts';
import { countEvents, startMachine, until } from '../support/hv-machine.ts';
import { startThreadedMachine } from '../support/hv-threads.ts';
import { createWords } from '../support/hv-words.ts';

const MORTAL = 2;
const TO = { domid: 1, aport: 0 };
const BODY = new Uint8Array(40).fill(7);

/** What a send does, in its order. A thread may end after each. */
const STEPS: readonly (readonly [string, (memory: ArgoMemory) => void])[] = [
  ['took the lock', (memory) => lockRing(memory, MORTAL, false)],
  ['wrote the header', ({ words }) => words.set([56, 0, MORTAL, 0], RING_HEADER >> 2)],
  ['copied half of the message', (memory) => copyIn(memory, 16, BODY, 20)],
  ['copied the message', (memory) => copyIn(memory, 16, BODY, 40)],
  ['moved the index', (memory) => setSendIndex(memory, 64)],
  ['let go of the lock', ({ control }) => Atomics.store(control, LOCK, 0)],
];

/** The memory that the hypervisor hands a sender's hypercall client, which here is this test. */
async function handed(port: MessagePort): Promise<ArgoMemory> {
  const reply = once(port, 'message') as Promise<[{ result: Resolution }]>;
  port.postMessage({ id: 1, op: 'argo.resolve', args: [TO.domid, TO.aport] });
  const [{ result }] = await reply;
  if (typeof result.found === 'string') throw new Error(result.found);
  return openRingMemory(result.found.ring.buffer, result.found.ring.control);
}

describe.each(STEPS.map(([label], index) => [label, index] as const))('a sender that %s and dies', (_, last) => {
  const whole = last >= 4;

  async function dying() {
    const machine = startMachine([1, 3]);
    const receiver = machine.dom(1);
    const ring = await receiver.argo.register(0, ARGO_DOMID_ANY, 256);
    await machine.dom(3).argo.resolve(TO);
    const seen = countEvents(receiver, await receiver.evtchn.bindVirq(VIRQ.argo));
    const memory = await handed(machine.hv.createDomain(MORTAL, 0).port);
    for (const [, step] of STEPS.slice(0, last + 1)) step(memory);
    return { machine, receiver, ring, seen, [Symbol.dispose]: () => machine[Symbol.dispose]() };
  }

  test('leaves a whole message or none, and the receiver is told', async () => {
    using all = await dying();
    all.machine.hv.destroyDomain(MORTAL);
    await until(() => all.seen.count > 0);
    expect(new Int32Array(all.ring.buffer)[1]).toBe(whole ? 64 : 0);
    const message = all.ring.receive();
    expect(message && [...message.bytes]).toEqual(whole ? [...BODY] : undefined);
    expect(all.ring.receive()).toBeUndefined();
  });

  test('keeps no other sender out once its thread has ended, even before it is destroyed', async () => {
    using all = await dying();
    const { argo, evtchn } = all.machine.dom(3);
    const free = last === STEPS.length - 1;
    const told = countEvents(all.machine.dom(3), await evtchn.bindVirq(VIRQ.argo));
    expect(argo.sendv(0, TO, [BODY], 0)).toBe(free ? 40 : 'EAGAIN');
    all.machine.hv.unmapAll(MORTAL);
    if (!free) await until(() => told.count > 0);
    expect(argo.sendv(0, TO, [BODY], 0)).toBe(40);
  });

  test('delays no unregistering once its thread has ended', async () => {
    using all = await dying();
    const fence = all.receiver.argo.unregister(0, ARGO_DOMID_ANY);
    await all.receiver.memory.alloc(0);
    all.machine.hv.unmapAll(MORTAL);
    await fence;
    expect(all.machine.hv.usage(1)).toMatchObject({ rings: 0, pages: 1 });
  });
});

/** Numbers of the messages that are there. @throws for one that is torn */
function numbers(ring: ArgoRing): number[] {
  const all: number[] = [];
  for (let message = ring.receive(); message; message = ring.receive()) {
    const words = new Uint32Array(message.bytes.slice().buffer);
    if (words.length !== 2048 || words.some((word) => word !== message.type)) throw new Error('torn');
    all.push(message.type);
  }
  return all;
}

test('senders killed in full traffic tear no message and keep nobody out', async () => {
  await using machine = startThreadedMachine();
  const door = machine.add(1);
  const { argo } = connectHypercalls(door);
  const ring = await argo.register(5, ARGO_DOMID_ANY, 65536);
  for (let life = 1; life <= 8; life++) {
    const mortal = 2 + (life % 2);
    void machine.run(machine.add(mortal), 'argoFlood', { words: createWords(), port: 5, rounds: 0 });
    let last = 0;
    while (last < 10 * life) {
      for (const number of numbers(ring)) {
        expect(number).toBe(last + 1);
        last = number;
      }
      argo.notify();
      await new Promise(setImmediate);
    }
    await machine.kill(mortal);
    numbers(ring);
  }
});

test('unregistering in full traffic is a fence: not one byte changes afterwards', async () => {
  await using machine = startThreadedMachine();
  const door = machine.add(1);
  const { argo } = connectHypercalls(door);
  void machine.run(machine.add(2), 'argoFlood', { words: createWords(), port: 5, rounds: 0 });
  for (let round = 0; round < 30; round++) {
    const ring = await argo.register(5, 2, 65536);
    // The sender finds each new ring by itself.
    for (let taken = 0; taken < 10; ) {
      taken += numbers(ring).length;
      argo.notify();
      await new Promise(setImmediate);
    }
    await argo.unregister(5, 2);
    const left = new Uint8Array(ring.buffer).slice();
    for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate);
    expect(Buffer.compare(left, new Uint8Array(ring.buffer))).toBe(0);
  }
});
