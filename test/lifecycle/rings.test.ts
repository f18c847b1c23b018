// SPDX-License-Identifier: Apache-2.0
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RingStats } from '../../src/xend/contract.ts';
import { eventually } from '../support/until.ts';
import { startXend, type TestXend } from '../support/xend.ts';

/** Rings that belong to no device are seen too: of vchans, of virtual sockets over either transport, and Argo's. */

/** Serves a vchan and a port of Argo, and takes nothing of what comes; answers at a port of virtual sockets. */
const SERVER = `export default async (dom) => {
  await dom.argo.datagrams(7, { partner: 2, length: 4096 });
  const listener = dom.vsock.listen(80);
  void (async () => {
    for (;;) {
      const connection = await listener.accept();
      await connection.write(new Uint8Array(3));
    }
  })();
  await (await dom.vchan.server(2, '/local/domain/1/data/unusual', { left: 8192, right: 1024 })).opened;
  await new Promise(() => {});
};`;

/** Writes into all of it, and says so when that is done. */
const CLIENT = `export default async (dom) => {
  const channel = await dom.vchan.client(1, '/local/domain/1/data/unusual', { wait: true });
  await channel.write(new Uint8Array(1000));
  const port = await dom.argo.datagrams(0x80000001, { partner: 1, length: 4096 });
  await port.send({ domid: 1, aport: 7 }, new Uint8Array(100));
  const connection = await dom.vsock.open(1, 80);
  await connection.read(new Uint8Array(3));
  dom.console.write('written\\r\\n');
  await new Promise(() => {});
};`;

/** Connects by virtual sockets alone. */
const DISTANT = `export default async (dom) => {
  const connection = await dom.vsock.open(1, 80);
  await connection.read(new Uint8Array(3));
  dom.console.write('connected\\r\\n');
  await new Promise(() => {});
};`;

let xend: TestXend;

async function domain(name: string, kernel: string): Promise<void> {
  await xend.create({ name, kernel: xend.file(`${name}.mjs`, kernel) }, true);
}

beforeAll(async () => {
  xend = await startXend();
  await domain('server', SERVER);
  await domain('client', CLIENT);
  await domain('distant', DISTANT);
  await xend.call('vsock.setup', { domains: ['server', 'client'] });
  await xend.call('vsock.setup', { domains: ['server', 'distant'], transport: 'argo' });
  for (const name of ['server', 'client', 'distant']) await xend.call('domain.unpause', { domain: name });
  await (await xend.open('client')).readUntil('written');
  await (await xend.open('distant')).readUntil('connected');
});

afterAll(() => xend[Symbol.asyncDispose]());

async function ringsOf(kind: string): Promise<readonly RingStats[]> {
  return (await xend.call('stats', {})).rings.filter((ring) => ring.class === kind);
}

test('a vchan, wherever its keys are', async () => {
  const [out, into] = await ringsOf('vchan');
  const ends = { domid: 1, backId: 2, device: '/local/domain/1/data/unusual' };
  expect(out).toMatchObject({ ...ends, direction: 'out', size: 2048, used: 0, waiting: 0 });
  expect(into).toMatchObject({ ...ends, direction: 'in', size: 8192, used: 1000, reqProd: 1000, reqCons: 0 });
  expect(into!.notifyBack).toBeGreaterThan(0);
});

test("Argo's rings, with messages and bytes as they are in the ring", async () => {
  const [server, client] = await ringsOf('argo');
  expect(server).toMatchObject({ domid: 1, backId: 2, device: ':7/2', direction: 'in', size: 4096, messages: 1 });
  // A header, and the payload in whole slots.
  expect(server).toMatchObject({ used: 16 + 112, reqProd: 128, reqCons: 0, waiting: 0 });
  expect(client).toMatchObject({ domid: 2, backId: 1, device: ':2147483649/1', messages: 0, used: 0 });
});

test('links of virtual sockets over both transports', async () => {
  const links = await ringsOf('vsock');
  const [ring, argo] = ['vsock@1-2', 'vsock@1-3'].map((address) => links.filter(({ device }) => device === address));
  expect(ring!.map(({ direction, size }) => `${direction} ${size}`)).toEqual(['out 1048576', 'in 1048576']);
  for (const { reqProd, reqCons } of ring!) expect([reqProd > 0, reqCons]).toEqual([true, reqProd]);
  expect(argo!.map(({ domid, backId }) => [domid, backId])).toEqual([
    [1, 3],
    [3, 1],
  ]);
  for (const { messages, direction } of argo!) expect([direction, messages! > 0]).toEqual(['in', true]);
});

test('what their event channels and grants are for', async () => {
  const vchan = 'vchan /local/domain/1/data/unusual';
  const channels = await xend.call('channel.list', {});
  const used = (use: string) => channels.filter((channel) => channel.use === use).map(({ domid }) => domid);
  expect(used(vchan)).toEqual([1, 2]);
  expect(used('vsock vsock@1-2')).toEqual([1, 2]);
  const grants = await xend.call('grant.list', {});
  const lent = (use: string) => grants.filter((grant) => grant.use === use).map(({ bytes }) => bytes);
  // The page, and two pages of the larger ring.
  expect(lent(vchan)).toEqual([4096, 4096, 4096]);
  expect(lent('vsock vsock@1-2').toSorted((a, b) => a - b)).toEqual([4096, 2 ** 21]);
});

test('their last messages, read from their memory', async () => {
  const read = async (kind: string, direction: string, device?: string) => {
    const ring = (await ringsOf(kind)).find(
      (one) => one.direction === direction && (device ?? one.device) === one.device,
    )!;
    const { domid, backId, evtchn } = ring;
    return xend.call('ring.messages', { domid, backId, evtchn, class: kind, device: ring.device, direction, count: 2 });
  };
  const zeros = '00'.repeat(24);
  expect(await read('vchan', 'in')).toEqual([
    { state: 'waiting', text: zeros },
    // Lines begin where those that were read end.
    { state: 'waiting', text: zeros },
  ]);
  expect(await read('vchan', 'out')).toEqual([]);
  expect(await read('argo', 'in')).toEqual([
    { state: 'waiting', text: `from client:2147483649, 100 bytes ${zeros.slice(0, 32)}` },
  ]);
  // A header, whose first word says what it is, and what was written behind it.
  const link = await read('vsock', 'out', 'vsock@1-2');
  expect(link.at(-1)).toMatchObject({ state: 'taken', text: expect.stringContaining('03000000') });
  expect((await read('console', 'out')).map(({ text }) => text).join('')).toBe('');
});

test('the last requests to a disk, in its own words, and with times if they are recorded', async () => {
  await xend.create({ name: 'disky', disks: [{ file: xend.file('disk.img', new Uint8Array(8192)), dev: 'xvda' }] });
  await xend.call('trace.start', {});
  using terminal = await xend.shell('disky');
  const [ring] = await ringsOf('vbd');
  const { domid, backId, evtchn, device, direction } = ring!;
  const name = { domid, backId, evtchn, class: 'vbd', device, direction };
  const [info] = await xend.call('ring.messages', name);
  expect(info).toMatchObject({ state: 'answered', error: 0, text: expect.stringMatching(/^answered with 20 bytes/) });
  // The domain hears in its own time that it is to record.
  const read = await eventually(async () => {
    terminal.type('read xvda 4096 16\r');
    await terminal.readUntil('disky# ');
    return (await xend.call('ring.messages', name)).find(({ latency }) => latency !== undefined);
  });
  expect(read).toMatchObject({ state: 'answered', error: 0, text: 'read 1 sectors at 8' });
  expect(read.age).toBeGreaterThanOrEqual(read.latency! / 1000);
  expect(await xend.call('ring.messages', { ...name, device: 'another' })).toEqual([]);
});

test('what nobody takes out of them is a stall of who should', async () => {
  const found = await eventually(async () => {
    const stalls = await xend.call('stalls', {});
    const [vchan, argo] = ['vchan', 'argo'].map((kind) => stalls.find(({ what }) => what.startsWith(`${kind} `)));
    return vchan && argo && { vchan, argo };
  });
  const owes = { domid: 1, domain: 'server', end: 'front' };
  expect(found.vchan).toMatchObject({ rule: 'ring-requests', owes, text: 'has not taken 1000 of what is there' });
  expect(found.argo).toMatchObject({ rule: 'ring-requests', owes, what: 'argo :7/2 in' });
});

test('they are in the inspection of a domain and in the metrics', async () => {
  const { inspection } = await xend.call('inspect', { domain: 'server' });
  const classes = 'rings' in inspection ? inspection.rings.map((ring) => ring.class) : [];
  expect(new Set(classes)).toEqual(new Set(['vchan', 'vsock', 'argo']));
  const { families } = await xend.call('metrics', {});
  const used = families.find(({ name }) => name === 'xm_ring_used')!.samples;
  expect(used.find(({ labels }) => labels.class === 'argo' && labels.device === ':7/2')?.value).toBe(128);
});

test('a vchan that is closed, and one whose domain is gone, is not there any more', async () => {
  await xend.call('domain.destroy', { domain: 'client' });
  expect(await ringsOf('vchan')).toEqual([]);
  expect((await ringsOf('argo')).map(({ domid }) => domid)).not.toContain(2);
});
