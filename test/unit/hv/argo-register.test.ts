// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { ARGO_DOMID_ANY, ARGO_LIMITS } from '../../../src/hv/argo-contract.ts';
import { VIRQ } from '../../../src/hv/contract.ts';
import { connectHypercalls } from '../../../src/hv/hypercalls.ts';
import { startMachine, until } from '../../support/hv-machine.ts';

const code = (errno: string) => ({ code: errno });

describe('register', () => {
  test.each([0, 16, 32, 40, 47, 49, ARGO_LIMITS.maxRing + 16, 48.5, -48, Number.NaN, 2 ** 33])(
    'refuses %d bytes',
    async (length) => {
      using machine = startMachine([1]);
      await expect(machine.dom(1).argo.register(0, ARGO_DOMID_ANY, length)).rejects.toMatchObject(code('EINVAL'));
      expect(machine.hv.usage(1)).toMatchObject({ pages: 0, rings: 0 });
    },
  );

  test.each([
    ['a port', -1, 1],
    ['a port', 2 ** 32, 1],
    ['a domain', 0, -1],
    ['a domain', 0, 2 ** 16],
  ])('refuses what is not %s (%d for %d)', async (_, aport, partner) => {
    using machine = startMachine([1]);
    await expect(machine.dom(1).argo.register(aport, partner, 48)).rejects.toMatchObject(code('EINVAL'));
  });

  test('takes the smallest and the largest ring, and counts their pages for the quota', async () => {
    using machine = startMachine([1], 2 + 4097);
    const { argo } = machine.dom(1);
    await argo.register(1, ARGO_DOMID_ANY, 48);
    expect(machine.hv.usage(1)?.pages).toBe(1);
    await argo.register(2, ARGO_DOMID_ANY, 4096 - 64);
    expect(machine.hv.usage(1)?.pages).toBe(2);
    await argo.register(3, ARGO_DOMID_ANY, ARGO_LIMITS.maxRing);
    expect(machine.hv.usage(1)).toMatchObject({ pages: 4099, rings: 3 });
    await expect(argo.register(4, ARGO_DOMID_ANY, 48)).rejects.toMatchObject(code('ENOMEM'));
    await argo.unregister(3, ARGO_DOMID_ANY);
    expect(machine.hv.usage(1)).toMatchObject({ pages: 2, rings: 2 });
    await argo.register(4, ARGO_DOMID_ANY, 48);
  });

  test('gives a domain 128 rings', async () => {
    using machine = startMachine([1], 200);
    const { argo } = machine.dom(1);
    for (let port = 0; port < ARGO_LIMITS.rings; port++) await argo.register(port, ARGO_DOMID_ANY, 48);
    await expect(argo.register(500, ARGO_DOMID_ANY, 48)).rejects.toMatchObject(code('ENOSPC'));
    await argo.unregister(0, ARGO_DOMID_ANY);
    await argo.register(500, ARGO_DOMID_ANY, 48);
  });

  test('wants a partner that exists', async () => {
    using machine = startMachine([1]);
    await expect(machine.dom(1).argo.register(0, 9, 48)).rejects.toMatchObject(code('ESRCH'));
  });

  test('again gives the same ring with what is in it; another length, or failExist, is EEXIST', async () => {
    using machine = startMachine([1]);
    const { argo } = machine.dom(1);
    const first = await argo.register(0, 1, 96);
    await argo.resolve({ domid: 1, aport: 0 });
    argo.sendv(0, { domid: 1, aport: 0 }, [Uint8Array.of(42)], 0);
    const second = await argo.register(0, 1, 96);
    new Int32Array(first.buffer)[2] = 5;
    expect(new Int32Array(second.buffer)[2]).toBe(5);
    expect(second.receive()?.bytes[0]).toBe(42);
    await expect(argo.register(0, 1, 112)).rejects.toMatchObject(code('EEXIST'));
    await expect(argo.register(0, 1, 96, { failExist: true })).rejects.toMatchObject(code('EEXIST'));
    expect(machine.hv.usage(1)).toMatchObject({ pages: 1, rings: 1 });
  });

  test.each([
    ['kept', 32, 32],
    ['not aligned, so the ring begins where it is received', 33, 16],
    ['outside, so the ring begins where it is received', 96, 16],
  ])('again, with the send index the receiver left there: %s', async (_, left, becomes) => {
    using machine = startMachine([1]);
    const { argo } = machine.dom(1);
    const { buffer } = await argo.register(0, 1, 96);
    const words = new Int32Array(buffer);
    words.set([16, left]);
    await argo.register(0, 1, 96);
    expect(words[1]).toBe(becomes);
  });
});

describe('where Argo is not', () => {
  test('off: EOPNOTSUPP to everything', async () => {
    using machine = startMachine([1, 2], 64, { argo: { enabled: false } });
    const { argo } = machine.dom(1);
    await expect(argo.register(0, 2, 48)).rejects.toMatchObject(code('EOPNOTSUPP'));
    await expect(argo.unregister(0, 2)).rejects.toMatchObject(code('EOPNOTSUPP'));
    await expect(argo.notify([{ domid: 2, aport: 0, spaceRequired: 0 }])).rejects.toMatchObject(code('EOPNOTSUPP'));
    expect(await argo.resolve({ domid: 2, aport: 0 })).toBe('EOPNOTSUPP');
    expect(argo.sendv(0, { domid: 2, aport: 0 }, [], 0)).toBe('EOPNOTSUPP');
  });

  test('a domain without it: ENODEV to itself, ECONNREFUSED to others', async () => {
    using machine = startMachine([1]);
    const door = machine.hv.createDomain(2, 16, { argo: false });
    const without = connectHypercalls(door);
    await expect(without.argo.register(0, 1, 48)).rejects.toMatchObject(code('ENODEV'));
    await expect(without.argo.notify([{ domid: 1, aport: 0, spaceRequired: 0 }])).rejects.toMatchObject(code('ENODEV'));
    expect(await without.argo.resolve({ domid: 1, aport: 0 })).toBe('ENODEV');
    const { argo } = machine.dom(1);
    await expect(argo.register(0, 2, 48)).rejects.toMatchObject(code('ECONNREFUSED'));
    expect(await argo.resolve({ domid: 2, aport: 0 })).toBe('ECONNREFUSED');
  });

  test('rings for everybody only where the hypervisor is permissive', async () => {
    using machine = startMachine([1, 2], 64, { argo: { macPermissive: false } });
    const { argo } = machine.dom(1);
    await expect(argo.register(0, ARGO_DOMID_ANY, 48)).rejects.toMatchObject(code('EPERM'));
    await argo.register(0, 2, 48);
  });
});

test('each domain binds the interrupt once, and again when it closed it', async () => {
  using machine = startMachine([1, 2]);
  const { evtchn } = machine.dom(1);
  const port = await evtchn.bindVirq(VIRQ.argo);
  await expect(evtchn.bindVirq(VIRQ.argo)).rejects.toMatchObject(code('EEXIST'));
  await machine.dom(2).evtchn.bindVirq(VIRQ.argo);
  await evtchn.close(port);
  await evtchn.bindVirq(VIRQ.argo);
});

test('a registration is checked in the order of Argo', async () => {
  using machine = startMachine([0, 1, 2]);
  const without = connectHypercalls(machine.hv.createDomain(3, 64, { argo: false })).argo;
  const { argo } = machine.dom(1);
  await machine.dom(0).argo.viptables.add({ src: { domid: 2 }, dst: { aport: 66 }, accept: false });
  await argo.register(5, 2, 96);
  // Each call has its own fault and all those of the rows below it that it can have.
  const rows: readonly (readonly [string, typeof argo, number, number, number])[] = [
    ['EINVAL', without, 66, 9, 97],
    ['ESRCH', without, 66, 9, 96],
    ['EPERM', without, 66, 2, 96],
    ['ENODEV', without, 5, 2, 96],
    ['ECONNREFUSED', argo, 5, 3, 96],
    ['EEXIST', argo, 5, 2, 112],
  ];
  for (const [errno, by, aport, partner, length] of rows) {
    await expect(by.register(aport, partner, length)).rejects.toMatchObject(code(errno));
  }
});

describe('death', () => {
  test('of a receiver: senders are told that there is no such domain', async () => {
    using machine = startMachine([1, 2]);
    const to = { domid: 1, aport: 0 };
    await machine.dom(1).argo.register(0, 2, 4096);
    const { argo } = machine.dom(2);
    expect(await argo.resolve(to)).toBeUndefined();
    machine.hv.destroyDomain(1);
    expect(argo.sendv(0, to, [], 0)).toBe('EAGAIN');
    expect(await argo.resolve(to)).toBe('ESRCH');
    expect(argo.sendv(0, to, [], 0)).toBe('ESRCH');
  });

  test('of a receiver whose number is used again: nothing goes to the ring of the first one', async () => {
    using machine = startMachine([1, 2]);
    const to = { domid: 1, aport: 0 };
    const old = await machine.dom(1).argo.register(0, 2, 4096);
    const { argo } = machine.dom(2);
    await argo.resolve(to);
    machine.hv.destroyDomain(1);
    const ring = await machine.add(1).argo.register(0, 2, 4096);
    await argo.resolve(to);
    expect(argo.sendv(0, to, [Uint8Array.of(1)], 0)).toBe(1);
    expect(old.receive()).toBeUndefined();
    expect(ring.receive()?.length).toBe(1);
  });

  test('of a partner: its ring goes, after what it sent was received, and the interrupt says so', async () => {
    using machine = startMachine([1, 2]);
    const receiver = machine.dom(1);
    const ring = await receiver.argo.register(0, 2, 4096);
    const open = await receiver.argo.register(0, ARGO_DOMID_ANY, 4096);
    const to = { domid: 1, aport: 0 };
    await machine.dom(2).argo.resolve(to);
    machine.dom(2).argo.sendv(0, to, [Uint8Array.of(7)], 0);
    let told = 0;
    receiver.evtchn.listen(await receiver.evtchn.bindVirq(VIRQ.argo), () => told++);
    machine.hv.destroyDomain(2);
    await until(() => told > 0);
    expect([ring.registered, open.registered]).toEqual([false, true]);
    expect(ring.receive()?.bytes[0]).toBe(7);
    expect(machine.hv.usage(1)).toMatchObject({ rings: 1, pages: 2 });
    await expect(receiver.argo.unregister(0, 2)).rejects.toMatchObject(code('ENOENT'));
  });

  test('of a hundred domains that sent and received leaves nothing', async () => {
    using machine = startMachine([1]);
    const { argo } = machine.dom(1);
    const ring = await argo.register(0, ARGO_DOMID_ANY, 4096);
    const start = machine.hv.usage(1);
    for (let round = 0; round < 100; round++) {
      const mortal = machine.add(2);
      await mortal.argo.register(0, 1, 4096);
      await argo.register(1, 2, 4096);
      for (const [dom, domid, aport] of [
        [mortal, 1, 0],
        [mortal, 1, 1],
        [machine.dom(1), 2, 0],
      ] as const) {
        expect(await dom.argo.resolve({ domid, aport })).toBeUndefined();
        expect(dom.argo.sendv(0, { domid, aport }, [Uint8Array.of(1)], 0)).toBe(1);
      }
      machine.hv.destroyDomain(2);
      expect(ring.receive()?.length).toBe(1);
      expect(machine.hv.usage(1)).toEqual(start);
    }
  });
});
