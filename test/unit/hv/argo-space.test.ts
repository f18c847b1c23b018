// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { ARGO_DOMID_ANY, ARGO_FLAG, ARGO_LIMITS } from '../../../src/hv/argo-contract.ts';
import { VIRQ } from '../../../src/hv/contract.ts';
import { countEvents, startMachine, until } from '../../support/hv-machine.ts';

const TO = { domid: 1, aport: 0 };
const { exists, shared, empty, sufficient, emsgsize, ebusy } = ARGO_FLAG;

/** A ring of four slots for messages of up to 16 bytes, and a sender that filled it. */
async function full() {
  const machine = startMachine([1, 2]);
  const [receiver, sender] = [machine.dom(1), machine.dom(2)];
  const ring = await receiver.argo.register(0, 2, 4 * 32);
  await sender.argo.resolve(TO);
  const seen = countEvents(sender, await sender.evtchn.bindVirq(VIRQ.argo));
  const send = (length = 16) => sender.argo.sendv(0, TO, [new Uint8Array(length)], 0);
  expect([send(), send(), send()]).toEqual([16, 16, 16]);
  return { machine, receiver, sender, ring, seen, send, [Symbol.dispose]: () => machine[Symbol.dispose]() };
}

describe('space', () => {
  test('is never used up: what would make the ring look empty is EAGAIN', async () => {
    using all = await full();
    expect(all.send()).toBe('EAGAIN');
    // Half a slot is left, and a message must be smaller than that.
    expect(all.send(0)).toBe(0);
    expect(all.send(0)).toBe('EAGAIN');
  });

  test('wakes who waits for it, once, and only when the receiver says so', async () => {
    using all = await full();
    expect(all.send()).toBe('EAGAIN');
    all.ring.receive();
    for (let turn = 0; turn < 3; turn++) await new Promise(setImmediate);
    expect(all.seen.count).toBe(0);
    all.receiver.argo.notify();
    await until(() => all.seen.count === 1);
    expect(all.send()).toBe(16);
    all.ring.receive();
    all.receiver.argo.notify();
    for (let turn = 0; turn < 3; turn++) await new Promise(setImmediate);
    expect(all.seen.count).toBe(1);
  });

  test('of what was received is given back when it is much, when it is all there was, or when notify is called', async () => {
    using machine = startMachine([1, 2]);
    const [receiver, sender] = [machine.dom(1), machine.dom(2)];
    const ring = await receiver.argo.register(0, 2, 64 * 32);
    await sender.argo.resolve(TO);
    const send = () => sender.argo.sendv(0, TO, [new Uint8Array(16)], 0);
    const rxPtr = () => new Uint32Array(ring.buffer)[0];
    for (let number = 0; number < 12; number++) send();
    const seen = Array.from({ length: 12 }, () => {
      ring.receive();
      return rxPtr();
    });
    expect(seen).toEqual([0, 0, 0, 0, 0, 0, 0, 256, 256, 256, 256, 384]);
    for (let number = 0; number < 2; number++) send();
    ring.receive();
    expect(rxPtr()).toBe(384);
    receiver.argo.notify();
    expect(rxPtr()).toBe(416);
    // Registering it again hands over what is in it.
    const again = await receiver.argo.register(0, 2, 64 * 32);
    expect([again.receive()?.length, again.receive(), ring.empty]).toEqual([16, undefined, true]);
  });

  test('wakes nobody before there is as much as the most that was asked for', async () => {
    using all = await full();
    expect(all.send(64)).toBe('EAGAIN');
    expect(all.send(16)).toBe('EAGAIN');
    all.ring.receive();
    all.receiver.argo.notify();
    for (let turn = 0; turn < 3; turn++) await new Promise(setImmediate);
    expect(all.seen.count).toBe(0);
    all.ring.receive();
    all.receiver.argo.notify();
    await until(() => all.seen.count === 1);
    expect(all.send(64)).toBe(64);
  });

  test('that comes with the end of the ring wakes who waits: it learns why when it tries', async () => {
    using all = await full();
    expect(all.send()).toBe('EAGAIN');
    await all.receiver.argo.unregister(0, 2);
    await until(() => all.seen.count > 0);
    expect(all.send()).toBe('ECONNREFUSED');
  });

  test('that a message found after all is waited for no more', async () => {
    using all = await full();
    expect(all.send(64)).toBe('EAGAIN');
    for (let taken = 0; taken < 3; taken++) all.ring.receive();
    expect((await all.sender.argo.notify([{ ...TO, spaceRequired: 64 }]))[0]?.flags).toBe(exists | empty | sufficient);
    all.receiver.argo.notify();
    for (let turn = 0; turn < 3; turn++) await new Promise(setImmediate);
    expect(all.seen.count).toBe(0);
  });

  test('has 32 domains wait for it, others are EBUSY until one of those dies', async () => {
    const waiters = Array.from({ length: ARGO_LIMITS.waiting }, (_, index) => 10 + index);
    using machine = startMachine([1, 2, ...waiters]);
    const ring = await machine.dom(1).argo.register(0, ARGO_DOMID_ANY, 48);
    const send = async (domid: number) => {
      const { argo } = machine.dom(domid);
      await argo.resolve(TO);
      return argo.sendv(0, TO, [new Uint8Array(16)], 0);
    };
    expect(await send(2)).toBe(16);
    for (const domid of waiters) expect(await send(domid)).toBe('EAGAIN');
    expect(await send(2)).toBe('EBUSY');
    const query = [{ ...TO, spaceRequired: 16 }];
    const asked = async () => (await machine.dom(2).argo.notify(query))[0]?.flags;
    expect(await asked()).toBe(exists | shared | ebusy);
    machine.hv.destroyDomain(10);
    expect(await send(2)).toBe('EAGAIN');
    expect(await asked()).toBe(exists | shared);
    const seen = countEvents(machine.dom(2), await machine.dom(2).evtchn.bindVirq(VIRQ.argo));
    ring.receive();
    machine.dom(1).argo.notify();
    await until(() => seen.count === 1);
  });
});

describe('notify', () => {
  test('says what a ring takes at most, and what it never will', async () => {
    using all = await full();
    const ask = async (spaceRequired: number) => (await all.sender.argo.notify([{ ...TO, spaceRequired }]))[0];
    expect(await ask(97)).toEqual({ ...TO, flags: exists | emsgsize, maxMessageSize: 96 });
    expect(await ask(16)).toEqual({ ...TO, flags: exists, maxMessageSize: 96 });
    expect(await ask(0)).toEqual({ ...TO, flags: exists | sufficient, maxMessageSize: 96 });
  });

  test('takes 256 entries, which must be well-formed', async () => {
    using all = await full();
    const { argo } = all.sender;
    const entry = { ...TO, spaceRequired: 0 };
    const many = (count: number) => new Array<typeof entry>(count).fill(entry);
    expect(await argo.notify(many(256))).toHaveLength(256);
    await expect(argo.notify(many(257))).rejects.toMatchObject({ code: 'EACCES' });
    await expect(argo.notify([{ ...entry, spaceRequired: -1 }])).rejects.toMatchObject({ code: 'EINVAL' });
    await expect(argo.notify([{ ...entry, domid: 1 << 16 }])).rejects.toMatchObject({ code: 'EINVAL' });
  });
});
