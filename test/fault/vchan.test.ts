// SPDX-License-Identifier: Apache-2.0
import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { Hypercalls } from '../../src/hv/contract.ts';
import type { Vchan } from '../../src/vchan/contract.ts';
import { AT, LIVE } from '../../src/vchan/layout.ts';
import type { XenstoreClient } from '../../src/xenstore/client-contract.ts';
import { until } from '../support/hv-machine.ts';
import { startMortal } from '../support/mortal.ts';
import { connectPair, nothingLeft, startVchanDomains, type VchanDomain } from '../support/vchan.ts';

const PATH = '/local/domain/1/data/vchan/2/test';
const SIZES = { left: 2048, right: 5000 };
const DATA = new Uint8Array(10_000);

/** Sends and receives as much as there is, or until it is over. */
async function talk(channel: Vchan): Promise<void> {
  const receive = async (): Promise<void> => {
    const part = new Uint8Array(999);
    let [count, all] = [1, 0];
    while (count > 0 && all < DATA.length) {
      count = await channel.read(part);
      all += count;
    }
  };
  await Promise.all([channel.write(DATA), receive()]);
  await channel.close();
}

const ROLES: Readonly<Record<1 | 2, (domain: VchanDomain) => Promise<void>>> = {
  async 1(domain) {
    for await (const channel of domain.vchan.listen(2, 'test', SIZES)) await talk(channel);
  },
  async 2(domain) {
    for (let round = 0; round < 2; round++) await talk(await domain.vchan.client(1, 'test', { wait: true }));
  },
};

/** Ends a domain at its `number`-th call of hypervisor or store. @returns whether it got that far */
async function killAt(number: number, victim: 1 | 2): Promise<boolean> {
  using all = startVchanDomains([]);
  const survivor = victim === 1 ? 2 : 1;
  const mortal = startMortal(all, victim, number);
  const domains = { [survivor]: all.start(survivor), [victim]: mortal.domain };
  const lives = [1, 2].map((domid) => ROLES[domid as 1 | 2](domains[domid]!));
  // A server whose client has gone may be told that there is none, and a client the same.
  const survived = lives[survivor - 1]!.catch((error) => expect(['ESRCH', 'EBUSY']).toContain(error.code));
  lives[victim - 1]!.catch(() => {});
  await Promise.race([lives[1], until(mortal.reached)]).catch(() => {});
  const reached = mortal.reached();
  mortal.kill();
  await survived;
  await nothingLeft(all, survivor);
  await until(() => all.store.usage(survivor)!.watches === 0);
  expect(all.store.check()).toEqual([]);
  return reached;
}

test.each([
  ['server', 1],
  ['client', 2],
] as const)('a %s that dies at any of its steps leaves nothing at the other end', async (_name, victim) => {
  let number = 1;
  while (await killAt(number, victim)) number++;
  expect(number).toBeGreaterThan(30);
});

test.each([
  ['one after the other', [1, 2]],
  ['in the other order', [2, 1]],
])('two domains with memory of each other, and data under way, are killed: %s', async (_name, order) => {
  using all = startVchanDomains([1, 2]);
  const [one, two] = [all.domains[0]!, all.domains[1]!];
  const pairs = [await connectPair(one, two, SIZES), await connectPair(two, one, SIZES)];
  const ends = pairs.flatMap(({ server, client }) => [server, client]);
  const talking = ends.map((end) => talk(end));
  for (const domid of order) all.hv.unmapAll(domid);
  for (const domid of order) all.kill(domid);
  await Promise.allSettled(talking);
  expect(all.hv.domids()).toEqual([]);
  expect(all.store.check()).toEqual([]);
});

test('a dead peer is noticed, whatever its channel was doing; what it sent can be read', async () => {
  using all = startVchanDomains([1, 2, 3]);
  const [one, two, three] = all.domains;
  const waiting = await one!.vchan.server(2, 'waits');
  const { server, client } = await connectPair(one!, two!);
  const other = await connectPair(three!, one!);
  client.tryWrite(new Uint8Array(7));
  const [reading, writing] = [other.client.read(new Uint8Array(1)), other.client.write(DATA)];
  all.kill(2);
  all.kill(3);
  expect([await reading, await writing]).toEqual([0, 1024]);
  const ended = await Promise.all([waiting, server, other.client].map((end) => end.ended));
  expect(ended.map(({ kind }) => kind)).toEqual(['died', 'died', 'died']);
  expect(ended[1]!.reason).toBe('domain 2 is gone');
  expect([await waiting.opened, server.tryRead(new Uint8Array(99)), server.tryRead(new Uint8Array(9))]).toEqual([
    false,
    7,
    -1,
  ]);
  await Promise.all([waiting, server, other.client].map((end) => end.close()));
  await nothingLeft(all, 1);
});

test.each(['server', 'client'] as const)('the %s closes while both send: nobody hangs', async (closer) => {
  using all = startVchanDomains([1, 2]);
  const ends = await connectPair(all.domains[0]!, all.domains[1]!);
  const writes = [ends.server, ends.client].map((end) => end.write(DATA));
  await nextTurn();
  await ends[closer].close();
  expect(await Promise.all(writes)).toEqual([2048, 1024]);
  await Promise.all([ends.server.close(), ends.client.close()]);
  await nothingLeft(all, 1, 2);
});

/** The server's page as its client can see it, and the client's. */
async function hostilePair(all: ReturnType<typeof startVchanDomains>, sizes = {}) {
  const [one, two] = [all.domains[0]!, all.domains[1]!];
  const ends = await connectPair(one, two, sizes);
  const { buffer } = await two.hypercalls.gnttab.map(1, Number(all.xs.read(`${PATH}/ring-ref`)));
  return { ...ends, page: new DataView(buffer) };
}

const FAR = [1025, 2049, 4097, 0x7fffffff, 0x80000000, 0xffff0000];
test.each(FAR)('an index that is %i too far breaks the channel, with a reason, at whoever meets it', async (far) => {
  using all = startVchanDomains([1, 2]);
  const lies = [
    [AT.left.prod, 'server', (end: Vchan) => end.tryRead(new Uint8Array(9)), 'domain 2 wrote an impossible index'],
    [AT.right.cons, 'server', (end: Vchan) => end.tryWrite(new Uint8Array(9)), 'domain 2 wrote an impossible index'],
    [AT.right.prod, 'client', (end: Vchan) => end.dataReady(), 'domain 1 wrote an impossible index'],
    [AT.left.cons, 'client', (end: Vchan) => end.bufferSpace(), 'domain 1 wrote an impossible index'],
  ] as const;
  for (const [offset, victim, meet, reason] of lies) {
    const { page, ...ends } = await hostilePair(all);
    // Of one more than the small ring the large one may have room.
    page.setUint32(offset, far === 1025 && offset === AT.right.prod ? 2049 : far, true);
    expect(meet(ends[victim])).toBe(-1);
    expect(await ends[victim].ended).toMatchObject({ kind: 'broken', reason: expect.stringContaining(reason) });
    expect([ends[victim].tryRead(DATA), ends[victim].tryWrite(DATA)]).toEqual([-1, -1]);
    const other = victim === 'server' ? ends.client : ends.server;
    expect(await other.ended).toMatchObject({ kind: 'closed' });
    await Promise.all([ends.server.close(), ends.client.close()]);
  }
});

test('the other ends’ lies about its own half, its orders and its references change nothing later', async () => {
  using all = startVchanDomains([1, 2]);
  const { server, client, page } = await hostilePair(all, { left: 4096, right: 8192 });
  page.setUint16(AT.left.order, 31, true);
  page.setUint16(AT.right.order, 0, true);
  for (let at: number = AT.grants; at < 4096; at += 4) page.setUint32(at, 0xffffffff, true);
  // What the server itself counts, it does not read.
  page.setUint32(AT.left.cons, 77, true);
  page.setUint32(AT.right.prod, 99, true);
  expect(server.tryWrite(DATA)).toBe(8192);
  expect(client.tryRead(new Uint8Array(10_000))).toBe(8192);
  expect([server.dataReady(), client.bufferSpace()]).toEqual([0, -1]);
});

test.each([
  [9, 10],
  [12, 21],
  [11, 11],
])('a server that offers rings of the orders %i and %i gets no client', async (left, right) => {
  using all = startVchanDomains([1, 2]);
  const [one, two] = all.domains;
  await offerPage(one!.hypercalls, one!.xs, (page) => {
    page.setUint16(AT.left.order, left, true);
    page.setUint16(AT.right.order, right, true);
    page.setUint8(AT.live.server, LIVE.open);
  });
  await expect(two!.vchan.client(1, 'test', { wait: true })).rejects.toMatchObject({ code: 'EPROTO' });
  await nothingLeft(all, 2);
});

test.each([0, 1, 0x01000000, 0xffffffff])('a server that offers the reference %i gets no client', async (gref) => {
  using all = startVchanDomains([1, 2]);
  const [one, two] = all.domains;
  await offerPage(one!.hypercalls, one!.xs, (page) => {
    page.setUint16(AT.left.order, 20, true);
    page.setUint16(AT.right.order, 11, true);
    for (let at: number = AT.grants; at < AT.grants + 1024; at += 4) page.setUint32(at, gref, true);
  });
  await expect(two!.vchan.client(1, 'test')).rejects.toMatchObject({ code: 'EBUSY' });
  await nothingLeft(all, 2);
});

/** Offers a channel whose page is what a liar makes of it. */
async function offerPage(
  { memory, gnttab, evtchn }: Hypercalls,
  xs: XenstoreClient,
  lie: (page: DataView) => void,
): Promise<void> {
  const extent = await memory.alloc(0);
  lie(new DataView(extent.buffer));
  const keys = { 'ring-ref': await gnttab.grantAccess(2, extent), 'event-channel': await evtchn.allocUnbound(2) };
  for (const [key, value] of Object.entries(keys)) {
    await xs.write(`${PATH}/${key}`, String(value));
    await xs.setPerms(`${PATH}/${key}`, ['n1', 'r2']);
  }
}

test.each(['', '0', '-1', '1x', '99999999999', '0x10'])('a key that says %j is no offer', async (value) => {
  using all = startVchanDomains([1, 2]);
  await all.domains[0]!.vchan.server(2, 'test');
  await all.domains[0]!.xs.write(`${PATH}/event-channel`, value);
  await expect(all.domains[1]!.vchan.client(1, 'test')).rejects.toMatchObject({ code: 'ENOENT' });
  await nothingLeft(all, 2);
});

test('a client that keeps its mapping holds up neither the server’s end nor its store, and its death returns the memory', async () => {
  using all = startVchanDomains([1, 2]);
  const { server, client } = await hostilePair(all);
  await client.close();
  await server.close();
  expect(all.hv.usage(1)).toMatchObject({ pages: 1, grants: 1 });
  expect(all.xs.directory('/local/domain/1/data/vchan/2')).toEqual([]);
  all.kill(2);
  await nothingLeft(all, 1);
});

test('what cannot be had leaves nothing behind', async () => {
  using all = startVchanDomains([1, 2], 100);
  const [one, two] = all.domains;
  await expect(one!.vchan.server(2, 'test', { left: 1 << 20 })).rejects.toMatchObject({ code: 'ENOMEM' });
  await expect(one!.vchan.server(2, '/local/domain/2/data/mine')).rejects.toMatchObject({ errno: 'EACCES' });
  await expect(one!.vchan.server(7, 'test')).rejects.toMatchObject({ code: 'ESRCH' });
  await nothingLeft(all, 1);
  expect(all.store.usage(1)?.watches).toBe(0);
  expect(two!.hypercalls.domid).toBe(2);
});
