// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { expect, test } from 'vitest';
import type { Vchan } from '../../../src/vchan/contract.ts';
import { until } from '../../support/hv-machine.ts';
import { connectPair, nothingLeft, startVchanDomains, type VchanDomains } from '../../support/vchan.ts';

const PATH = '/local/domain/1/data/vchan/2/test';
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const bytes = (words: string) => new TextEncoder().encode(words);
const counting = (length: number) => Uint8Array.from({ length }, (_, index) => (index * 7) ^ (index >> 8));

async function readAll(channel: Vchan): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for (;;) {
    const part = new Uint8Array(5000);
    const count = await channel.read(part);
    if (count === 0) return Buffer.concat(parts);
    parts.push(part.subarray(0, count));
  }
}

function pair(all: VchanDomains, sizes = {}) {
  return connectPair(all.domains[0]!, all.domains.at(-1)!, sizes);
}

test.each([
  ['in the page', [1, 2], {}],
  ['in the page, the other way round', [1, 2], { left: 2048 }],
  ['of the page size', [1, 2], { left: 4096, right: 4096 }],
  ['of the largest size', [1, 2], { left: 1 << 20, right: 1 << 20 }],
  ['within one domain', [1], { left: 10_000 }],
])('a stream both ways, with rings %s', async (_name, domids, sizes) => {
  using all = startVchanDomains(domids);
  const { server, client } = await pair(all, sizes);
  const [there, back] = [counting(3_000_000), counting(1_000_001).reverse()];
  const sent = Promise.all([client.write(there), server.write(back)]);
  const received = [readAll(server), readAll(client)];
  expect(await sent).toEqual([there.length, back.length]);
  await until(() => [server, client].every((end) => end.dataReady() === 0));
  await client.close();
  const [atServer, atClient] = await Promise.all(received);
  expect(atServer!.equals(there) && atClient!.equals(back)).toBe(true);
  await server.close();
  await nothingLeft(all, ...domids);
});

test('what is in the store is for the client alone, and goes with the server', async () => {
  using all = startVchanDomains([1, 2, 3]);
  const [one, two, three] = all.domains;
  const server = await one!.vchan.server(2, 'test');
  expect(all.xs.directory(PATH)).toEqual(['ring-ref', 'event-channel']);
  for (const key of ['ring-ref', 'event-channel']) {
    expect(all.xs.getPerms(`${PATH}/${key}`).join()).toBe('n1,r2');
    expect(await two!.xs.read(`${PATH}/${key}`)).toMatch(/^[1-9]\d*$/);
    await expect(three!.xs.read(`${PATH}/${key}`)).rejects.toMatchObject({ errno: 'EACCES' });
  }
  await expect(three!.vchan.client(1, PATH)).rejects.toMatchObject({ code: 'ENOENT' });
  expect(server.state).toBe('waiting');
  await server.close();
  expect(await server.opened).toBe(false);
  expect(all.xs.directory('/local/domain/1/data/vchan/2')).toEqual([]);
  await nothingLeft(all, 1);
});

test('a packet goes whole or not at all', async () => {
  using all = startVchanDomains([1, 2]);
  const { server, client } = await pair(all);
  expect([client.writeSize, server.writeSize]).toEqual([1024, 2048]);
  expect([client.trySend(new Uint8Array(1000)), client.trySend(new Uint8Array(25))]).toEqual([1000, 0]);
  expect(() => client.trySend(new Uint8Array(1025))).toThrow('1025 bytes do not fit into a ring of 1024');
  await expect(server.recv(new Uint8Array(1025))).rejects.toMatchObject({ code: 'EMSGSIZE' });
  expect(server.tryRecv(new Uint8Array(1001))).toBe(0);
  const sent = client.send(bytes('all of it'));
  expect(await server.recv(new Uint8Array(1000))).toBe(true);
  expect(await sent).toBe(true);
  const part = new Uint8Array(9);
  expect([server.tryRecv(part), text(part), server.tryRecv(part)]).toEqual([9, 'all of it', 0]);
  const waiting = server.recv(part);
  client.tryWrite(bytes('too'));
  await client.close();
  expect(await waiting).toBe(false);
  expect([server.tryRecv(part), server.tryRead(part), server.tryRead(part)]).toEqual([-1, 3, -1]);
});

test('a peer rings only when it is asked to', async () => {
  using all = startVchanDomains([1, 2]);
  const calls: string[] = [];
  const client = all.start(3, {
    hypercalls: (hypercalls) => ({
      ...hypercalls,
      evtchn: {
        ...hypercalls.evtchn,
        notify(port) {
          calls.push('ring');
          hypercalls.evtchn.notify(port);
        },
      },
    }),
  });
  const ends = await connectPair(all.domains[0]!, client);
  calls.length = 0;
  const part = new Uint8Array(10);
  expect(ends.server.tryRead(part)).toBe(0);
  ends.client.tryWrite(bytes('a'));
  ends.client.tryWrite(bytes('b'));
  expect(calls).toEqual(['ring']);
  expect(ends.server.tryRead(part)).toBe(2);
  ends.client.tryWrite(bytes('c'));
  expect(calls).toEqual(['ring']);
});

test('clients come one after another, each to fresh memory; a second one at a time is refused', async () => {
  using all = startVchanDomains([1, 2]);
  const [one, two] = all.domains;
  const stop = new AbortController();
  const heard: string[] = [];
  const serving = (async () => {
    for await (const channel of one!.vchan.listen(2, 'test', { signal: stop.signal })) {
      await channel.write(bytes('hello'));
      heard.push(text(await readAll(channel)));
    }
  })();
  for (let round = 0; round < 5; round++) {
    const client = await two!.vchan.client(1, 'test', { wait: true });
    await expect(two!.vchan.client(1, 'test')).rejects.toMatchObject({ code: 'EBUSY' });
    const next = round === 4 ? undefined : two!.vchan.client(1, 'test', { wait: true });
    const greeting = new Uint8Array(5);
    expect([await client.recv(greeting), text(greeting)]).toEqual([true, 'hello']);
    await client.write(bytes(`${round}`));
    await client.close();
    const other = await next;
    await other?.write(bytes('x'));
    await other?.close();
  }
  await until(() => heard.length === 9);
  stop.abort();
  await serving;
  expect(heard.join('')).toBe('0x1x2x3x4');
  await nothingLeft(all, 1, 2);
});

test('what another client has left is refused, until its server offers afresh', async () => {
  using all = startVchanDomains([1, 2]);
  const [one, two] = all.domains;
  const { server, client } = await pair(all);
  await client.close();
  await expect(two!.vchan.client(1, 'test')).rejects.toMatchObject({ code: 'EBUSY' });
  const next = two!.vchan.client(1, 'test', { wait: true });
  await server.close();
  const fresh = await one!.vchan.server(2, 'test');
  expect(await fresh.opened).toBe(true);
  expect((await next).state).toBe('open');
  await Promise.all([fresh.close(), (await next).close()]);
  await nothingLeft(all, 1, 2);
});

test('a client may be there before its server knows that it has offered the channel', async () => {
  using all = startVchanDomains([2]);
  let joined: Vchan | undefined;
  const one = all.start(1, {
    store: (xs) => ({
      ...xs,
      async transaction(work) {
        const done = await xs.transaction(work);
        if (joined === undefined) {
          joined = await all.domains[0]!.vchan.client(1, 'test');
          const port = Number(all.xs.read(`${PATH}/event-channel`));
          await until(() => all.hv.counters(1, port).received === 1);
        }
        return done;
      },
    }),
  });
  const server = await one.vchan.server(2, 'test');
  expect(await server.opened).toBe(true);
  expect(await joined!.send(bytes('hello'))).toBe(true);
  const part = new Uint8Array(5);
  expect([await server.recv(part), text(part)]).toEqual([true, 'hello']);
  await Promise.all([server.close(), joined!.close()]);
  await nothingLeft(all, 1, 2);
});

test('a client waits for its server, as long as its patience lasts', async () => {
  using all = startVchanDomains([1, 2]);
  const [one, two] = all.domains;
  await expect(two!.vchan.client(1, 'test')).rejects.toMatchObject({ code: 'ENOENT' });
  await expect(two!.vchan.client(9, 'test', { wait: true })).rejects.toMatchObject({ code: 'ESRCH' });
  const patience = new AbortController();
  const vain = two!.vchan.client(1, 'other', { wait: true, signal: patience.signal });
  const waiting = two!.vchan.client(1, 'test', { wait: true });
  const server = await one!.vchan.server(2, 'test');
  const client = await waiting;
  expect(await server.opened).toBe(true);
  patience.abort(new Error('enough'));
  await expect(vain).rejects.toThrow('enough');
  await Promise.all([client.close(), server.close()]);
  await nothingLeft(all, 1, 2);
  expect(all.store.usage(2)?.watches).toBe(0);
});

test('as streams of Node: what was written before the end arrives, and both are over', async () => {
  using all = startVchanDomains([1, 2]);
  const { server, client } = await pair(all);
  const [near, far] = [client.duplex(), server.duplex()];
  const data = counting(50_000);
  near.resume().end(data);
  const parts: Buffer[] = [];
  for await (const part of far) parts.push(part as Buffer);
  expect(Buffer.concat(parts).equals(data)).toBe(true);
  await Promise.all([near, far].map((stream) => stream.closed || once(stream, 'close')));
  expect([await client.ended, await server.ended].map(({ kind }) => kind)).toEqual(['closed', 'closed']);
  await nothingLeft(all, 1, 2);
});

test('code that may not yield reads and writes too', async () => {
  using all = startVchanDomains([1]);
  const { server, client } = await pair(all);
  const part = new Uint8Array(10);
  expect(server.tryRead(part)).toBe(0);
  client.tryWrite(bytes('now'));
  server.wait(10_000);
  expect(text(part.subarray(0, server.tryRead(part)))).toBe('now');
  void client.close();
  expect([server.tryWrite(part), server.tryRead(part), server.state]).toEqual([-1, -1, 'ended']);
});
