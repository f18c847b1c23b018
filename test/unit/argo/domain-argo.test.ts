// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { ARGO_DOMID_ANY, ARGO_LIMITS } from '../../../src/hv/argo-contract.ts';
import { VIRQ } from '../../../src/hv/contract.ts';
import { startArgo } from '../../support/argo.ts';
import { until } from '../../support/hv-machine.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const TO = { domid: 1, aport: 7 };

describe('sendv', () => {
  test.each([
    ['its own number', 2],
    ['ARGO_DOMID_ANY', ARGO_DOMID_ANY],
    ['nothing', undefined],
  ])('takes %s for the sender, and the receiver sees who it is', async (_, domid) => {
    using all = startArgo([1, 2]);
    const ring = await all.argo(1).register(7, ARGO_DOMID_ANY, 4096);
    const src = { aport: 3, ...(domid !== undefined && { domid }) };
    expect(await all.argo(2).send(src, TO, [bytes('hello')], 9)).toBe(5);
    expect(ring.receive()).toMatchObject({ source: { domid: 2, aport: 3 }, type: 9, length: 5 });
  });

  test('as another domain is EPERM, and nothing arrives', async () => {
    using all = startArgo([1, 2, 3]);
    const ring = await all.argo(1).register(7, ARGO_DOMID_ANY, 4096);
    const { send } = all.argo(2);
    for (const domid of [0, 1, 3, 99]) expect(await send({ aport: 3, domid }, TO, [bytes('x')], 0)).toBe('EPERM');
    expect(ring.empty).toBe(true);
  });

  const NINE = Array<Uint8Array>(9).fill(bytes('x'));
  const LARGE = new Uint8Array(ARGO_LIMITS.maxMessage + 1);
  const HALF = LARGE.subarray(0, LARGE.length / 2 + 1);
  const LIAR = { aport: 0, domid: 3 };
  const NOBODY = { domid: 9, aport: 0 };
  // Each call has its own fault and all those of the rows below it.
  test.each([
    ['EINVAL', 'nine pieces', { src: LIAR, dst: NOBODY, iovs: [LARGE, ...NINE] }],
    ['EFAULT', 'a piece that is none', { src: LIAR, dst: NOBODY, iovs: [LARGE, 5] }],
    ['EPERM', 'another domain’s name', { src: LIAR, dst: NOBODY, iovs: [LARGE] }],
    ['ESRCH', 'to no domain', { src: { aport: 0 }, dst: NOBODY, iovs: [LARGE] }],
    ['EPERM', 'where a rule forbids it', { src: { aport: 0 }, dst: { domid: 3, aport: 66 }, iovs: [LARGE] }],
    ['ECONNREFUSED', 'to no ring', { src: { aport: 0 }, dst: { domid: 3, aport: 0 }, iovs: [LARGE] }],
    ['EINVAL', 'too large a piece', { src: { aport: 0 }, dst: TO, iovs: [LARGE] }],
    ['EMSGSIZE', 'too much in all', { src: { aport: 0 }, dst: TO, iovs: [HALF, HALF] }],
    ['EMSGSIZE', 'more than the ring holds', { src: { aport: 0 }, dst: TO, iovs: [new Uint8Array(65)] }],
  ])('checks in the order of Argo: %s for %s', async (errno, _, { src, dst, iovs }) => {
    using all = startArgo([0, 1, 2, 3]);
    await all.argo(0).viptables.add({ src: {}, dst: { aport: 66 }, accept: false });
    await all.argo(1).register(7, ARGO_DOMID_ANY, 96);
    const { send } = all.argo(2);
    expect(await send(src, dst, iovs as Uint8Array[], 0)).toBe(errno);
  });

  test('by itself says EAGAIN where send waits', async () => {
    using all = startArgo([1, 2]);
    const ring = await all.argo(1).register(7, 2, 96);
    const { sendv, send } = all.argo(2);
    for (const text of ['one', 'two']) await send({ aport: 0 }, TO, [bytes(text)], 0);
    expect(sendv({ aport: 0 }, TO, [bytes('three'.repeat(9))], 0)).toBe('EAGAIN');
    const waiting = send({ aport: 0 }, TO, [bytes('three'.repeat(9))], 0);
    ring.receive();
    ring.receive();
    all.argo(1).notify();
    expect(await waiting).toBe(45);
  });
});

describe('datagrams', () => {
  test('go to and fro, with who sent them', async () => {
    using all = startArgo([1, 2]);
    await using server = await all.argo(1).datagrams(7);
    await using client = await all.argo(2).datagrams();
    expect(await client.send(server.local, bytes('ping'))).toBe(4);
    const asked = await server.receive();
    expect(asked).toMatchObject({ source: { domid: 2, aport: client.local.aport } });
    await server.send(asked!.source, bytes('pong'));
    for await (const { bytes: answer } of client) {
      expect(Buffer.from(answer).toString()).toBe('pong');
      break;
    }
  });

  test('wait for room, and are dropped by nobody', async () => {
    using all = startArgo([1, 2]);
    await using server = await all.argo(1).datagrams(7, { length: 1024 });
    await using client = await all.argo(2).datagrams();
    const sending = (async () => {
      for (let number = 0; number < 1000; number++) await client.send(server.local, bytes(`number ${number}`));
    })();
    for (let number = 0; number < 1000; number++) {
      expect(Buffer.from((await server.receive())!.bytes).toString()).toBe(`number ${number}`);
    }
    await sending;
    expect(server.tryReceive()).toBeUndefined();
  });

  test('are the only messages that arrive; who scribbles over his ring loses what is in it, and goes on', async () => {
    using all = startArgo([1, 2]);
    await using server = await all.argo(1).datagrams(7, { partner: 2, length: 1024 });
    await using client = await all.argo(2).datagrams();
    await all.argo(2).send({ aport: 0 }, server.local, [bytes('of another protocol')], 1);
    await client.send(server.local, bytes('first'));
    expect((await server.receive())!.bytes).toHaveLength(5);
    await client.send(server.local, bytes('lost'));
    const ring = await all.argo(1).register(7, 2, 1024);
    new Int32Array(ring.buffer, 64).fill(-1);
    expect(server.tryReceive()).toBeUndefined();
    await client.send(server.local, bytes('second'));
    expect((await server.receive())!.bytes).toHaveLength(6);
  });

  test('that are waited for end when the port is closed, and when its partner dies', async () => {
    using all = startArgo([1, 2]);
    const port = await all.argo(1).datagrams(7);
    const waiting = port.receive();
    await port.close();
    await port.close();
    expect(await waiting).toBeUndefined();
    const other = await all.argo(1).datagrams(8, { partner: 2 });
    const last = other.receive();
    all.hv.destroyDomain(2);
    expect(await last).toBeUndefined();
    await other.close();
    expect(all.hv.usage(1)).toMatchObject({ rings: 0, pages: 0 });
  });

  test('that come without end do not stop what else the thread has to do', async () => {
    using all = startArgo([1, 2]);
    await using server = await all.argo(1).datagrams(7, { length: 1024 });
    await using client = await all.argo(2).datagrams();
    await client.send(server.local, bytes('first'));
    let heard = 0;
    const reading = (async () => {
      for await (const _ of server) {
        heard++;
        client.trySend(server.local, bytes('another one for each that was read'));
      }
    })();
    for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
    expect(heard).toBeGreaterThan(256);
    await server.close();
    await reading;
  });

  test('get a free port where none is named; one that is taken is EEXIST', async () => {
    using all = startArgo([1]);
    const ports = await Promise.all([1, 2, 3].map(() => all.argo(1).datagrams()));
    expect(new Set(ports.map(({ local }) => local.aport)).size).toBe(3);
    await expect(all.argo(1).datagrams(ports[0]!.local.aport)).rejects.toMatchObject({ code: 'EEXIST' });
  });
});

describe('the interrupt', () => {
  test('is shared by all who listen', async () => {
    using all = startArgo([1, 2]);
    const heard = [0, 0];
    const listen = (index: number) =>
      all.argo(1).listenVirq(() => {
        heard[index]!++;
      });
    const [endFirst] = [await listen(0), await listen(1)];
    await all.argo(1).register(7, ARGO_DOMID_ANY, 96);
    await until(() => heard[0]! > 0 && heard[1]! > 0);
    endFirst();
    const [first, second] = heard as [number, number];
    await all.argo(2).send({ aport: 0 }, TO, [], 0);
    await until(() => heard[1]! > second);
    expect(heard[0]).toBe(first);
  });

  test('belongs to a kernel that has bound it itself, which makes hypercalls only', async () => {
    using all = startArgo([1]);
    await all.machine.dom(1).evtchn.bindVirq(VIRQ.argo);
    await expect(all.argo(1).datagrams()).rejects.toMatchObject({ code: 'EEXIST' });
    await all.argo(1).register(7, 1, 96);
    await all.argo(1).resolve(TO);
    expect(all.argo(1).sendv({ aport: 0 }, TO, [bytes('x')], 0)).toBe(1);
  });
});
