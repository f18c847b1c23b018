// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import { afterEach, describe, expect, test } from 'vitest';
import type { Port } from '../../../src/port.ts';
import { byteRingWriter } from '../../../src/ring/byte-ring.ts';
import type { XenstoreClient } from '../../../src/xenstore/client-contract.ts';
import type { StoreOptions } from '../../../src/xenstore/contract.ts';
import { laneIn } from '../../../src/xenstore/lane.ts';
import { localClient } from '../../../src/xenstore/local.ts';
import { connectStore, serveStore } from '../../../src/xenstore/port.ts';
import { newStore, seed } from './harness.ts';

async function collect(watch: AsyncIterable<string>): Promise<string[]> {
  const paths: string[] = [];
  for await (const path of watch) paths.push(path);
  return paths;
}

const endings: (() => void)[] = [];
afterEach(() => {
  for (const end of endings.splice(0)) end();
});

/** Domain 1 with its home and a client over a message port. */
function connected(options: StoreOptions = {}, through: (port: MessagePort) => Port = (port) => port) {
  const world = newStore(options);
  seed(world.dom0, '/local/domain/1', '', 'n1');
  const { port1, port2 } = new MessageChannel();
  const served = serveStore(world.store, 1, port1);
  const client = connectStore(through(port2), { outstanding: world.store.quotas.outstanding });
  endings.push(() => client.close());
  return { ...world, served, client, port: port2 };
}

/** A line as domains that share a thread have it: no port of a thread, so all goes by message. */
const line = (port: MessagePort): Port => ({
  postMessage: (message) => port.postMessage(message),
  on: (event: 'message' | 'close', listener: (...args: never[]) => void) =>
    port.on(event as 'message', listener as (message: unknown) => void),
  once: (event, listener) => port.once(event, listener),
  close: () => port.close(),
});

const kinds: [string, () => ReturnType<typeof newStore> & { client: XenstoreClient }][] = [
  ['over a lane', () => connected()],
  ['over a line of messages', () => connected({}, line)],
  [
    'in the same thread',
    () => {
      const world = newStore();
      seed(world.dom0, '/local/domain/1', '', 'n1');
      return { ...world, client: localClient(world.store, 1) };
    },
  ],
];

describe.each(kinds)('client %s', (_name, make) => {
  test('reads and writes text and bytes', async () => {
    const { client, dom0 } = make();
    await client.write('name', 'wéb ✓');
    expect(await client.read('name')).toBe('wéb ✓');
    expect(dom0.read('/local/domain/1/name')).toBe(Buffer.from('wéb ✓').toString('latin1'));
    const bytes = Uint8Array.from({ length: 256 }, (_, i) => i);
    await client.write('raw', bytes.subarray(10));
    expect(await client.readBuffer('raw')).toEqual(bytes.subarray(10));
  });

  test('the other operations', async () => {
    const { client } = make();
    await client.mkdir('d/e');
    expect(await client.ls('d')).toEqual(['e']);
    await client.setPerms('d', ['n1', 'r2']);
    expect(await client.getPerms('d')).toEqual(['n1', 'r2']);
    expect(await client.exists('d')).toBe(true);
    await client.rm('d');
    expect(await client.exists('d')).toBe(false);
    expect(await client.domainPath(3)).toBe('/local/domain/3');
  });

  test('errors come back as errno names', async () => {
    const { client } = make();
    await expect(client.read('absent')).rejects.toMatchObject({ name: 'StoreError', errno: 'ENOENT' });
    await expect(client.read('/tool')).rejects.toMatchObject({ errno: 'EACCES' });
    await expect(client.exists('/tool')).rejects.toMatchObject({ errno: 'EACCES' });
    await expect(client.write('a b', '')).rejects.toMatchObject({ errno: 'EINVAL' });
  });

  test('a watch is iterated until it is left', async () => {
    const { client, store } = make();
    const seen: string[] = [];
    for await (const path of client.watch('state')) {
      seen.push(path);
      if (seen.length === 1) await client.write('state', '1');
      if (seen.length === 2) await client.write('state/below', '1');
      if (seen.length === 3) break;
    }
    expect(seen).toEqual(['state', 'state', 'state/below']);
    expect(store.usage(1)?.watches).toBe(0);
  });

  test('a listener, with depth', async () => {
    const { client } = make();
    const seen: string[] = [];
    const watch = client.watch('s', { depth: 0, listener: (path) => seen.push(path) });
    await watch.ready;
    await client.write('s', '1');
    await client.write('s/deep', '1');
    await client.read('s');
    expect(seen).toEqual(['s', 's']);
    await watch.close();
    await watch.close();
    await client.write('s', '2');
    expect(seen).toEqual(['s', 's']);
  });

  test('close ends the iteration of a watch', async () => {
    const { client } = make();
    const watch = client.watch('s');
    const all = collect(watch);
    await watch.ready;
    await watch.close();
    expect((await all).filter((path) => path !== 's')).toEqual([]);
  });

  test('a refused watch rejects ready and iteration', async () => {
    const { client, store } = make();
    const watch = client.watch('a b');
    await expect(watch.ready).rejects.toMatchObject({ errno: 'EINVAL' });
    await expect(collect(watch)).rejects.toMatchObject({ errno: 'EINVAL' });
    expect(store.usage(1)?.watches).toBe(0);
  });

  test('a transaction commits, retries after a conflict, aborts when its body throws', async () => {
    const { client, dom1, store } = make();
    dom1.write('n', '0');
    let runs = 0;
    const result = await client.transaction(async (tx) => {
      const n = Number(await tx.read('n'));
      if (runs++ < 3) dom1.write('n', String(n + 10));
      await tx.write('n', String(n + 1));
      return n;
    });
    expect([result, runs, dom1.read('n')]).toEqual([30, 4, '31']);
    const failing = client.transaction(async (tx) => {
      await tx.write('n', 'lost');
      throw new Error('changed my mind');
    });
    await expect(failing).rejects.toThrow('changed my mind');
    expect(dom1.read('n')).toBe('31');
    expect(store.usage(1)?.transactions).toBe(0);
  });

  test('retries are bounded', async () => {
    const { client, dom1 } = make();
    let runs = 0;
    dom1.write('n', 'theirs');
    const hopeless = client.transaction(
      async (tx) => {
        runs++;
        await tx.write('n', `not ${await tx.read('n')}`);
        dom1.write('n', `theirs ${runs}`);
      },
      { retries: 5 },
    );
    await expect(hopeless).rejects.toMatchObject({ errno: 'EAGAIN' });
    expect(runs).toBe(6);
  });

  test('counting in parallel loses nothing', async () => {
    const { client, dom1 } = make();
    dom1.write('n', '0');
    const add = () => client.transaction(async (tx) => tx.write('n', String(Number(await tx.read('n')) + 1)));
    await Promise.all(Array.from({ length: 8 }, add));
    expect(dom1.read('n')).toBe('8');
  });

  test('after close everything fails and nothing is left', async () => {
    const { client, store } = make();
    const watch = client.watch('s');
    await watch.ready;
    const all = collect(watch);
    client.close();
    client.close();
    await client.closed;
    await all;
    await expect(client.read('s')).rejects.toMatchObject({ errno: 'EIO' });
    await expect.poll(() => store.usage(1)?.watches).toBe(0);
  });

  test('the death of the domain ends calls and watches with an error', async () => {
    const { client, store } = make();
    const watch = client.watch('s');
    await watch.ready;
    const all = collect(watch);
    store.releaseDomain(1);
    await client.closed;
    await expect(all).rejects.toMatchObject({ errno: 'EIO' });
    await expect(client.read('s')).rejects.toMatchObject({ errno: 'EIO' });
  });
});

describe('port', () => {
  test('more requests than may be under way wait their turn, in order', async () => {
    const { client } = connected({}, line);
    const writes = Array.from({ length: 2000 }, (_, i) => client.write('n', String(i)));
    const last = client.read('n');
    await Promise.all(writes);
    expect(await last).toBe('1999');
  });

  test('who sends more than that loses the connection, and no more', async () => {
    const { store } = connected();
    const { port1, port2 } = new MessageChannel();
    serveStore(store, 1, port1);
    const replies: unknown[] = [];
    port2.on('message', (reply) => replies.push(reply));
    for (let id = 1; id <= 30; id++) port2.postMessage({ id, op: 'read', args: ['x'], tx: 0, seen: 0 });
    await once(port2, 'close');
    expect(replies.length).toBeLessThanOrEqual(20);
    expect(store.check()).toEqual([]);
  });

  test('pending calls end with EIO when the server goes', async () => {
    const { client, served } = connected();
    const calls = Array.from({ length: 100 }, () => client.read('x'));
    const ends = Promise.allSettled(calls);
    served.close();
    const reasons = (await ends).map((end) => (end.status === 'rejected' ? end.reason.errno : 'OK'));
    expect(reasons.at(-1)).toBe('EIO');
    await client.closed;
  });

  test('more requests than a lane has room for, in order', async () => {
    const { client } = connected();
    const writes = Array.from({ length: 2000 }, (_, i) => client.write('n', String(i)));
    const last = client.read('n');
    await Promise.all(writes);
    expect(await last).toBe('1999');
  });

  test.each(['reqProd', 'rspCons'] as const)(
    'a lane whose %s is impossible ends the connection, alone',
    async (word) => {
      const { store, client } = connected();
      const { port1, port2 } = new MessageChannel();
      serveStore(store, 1, port1);
      port2.postMessage({ kick: true });
      port2.postMessage({ lane: true });
      const [{ lane }] = (await once(port2, 'message')) as [{ lane: SharedArrayBuffer }];
      const words = new Int32Array(lane);
      const { requests, replies } = laneIn(lane);
      if (word === 'reqProd') Atomics.store(words, requests.prod / 4, 1 << 20);
      else {
        Atomics.store(words, replies.cons / 4, 1 << 20);
        byteRingWriter(requests).write(Buffer.alloc(16, 1).fill(0, 4));
      }
      port2.postMessage({ kick: true });
      await once(port2, 'close');
      await client.write('n', '1');
      expect(store.check()).toEqual([]);
    },
  );

  test('a client that does not take its events gets few, and all that matters afterwards', async () => {
    const { store, dom0 } = connected({ quotas: { events: 50 } });
    seed(dom0, '/a', '', 'r0');
    const { port1, port2 } = new MessageChannel();
    serveStore(store, 1, port1);
    const events: string[] = [];
    let watched = false;
    port2.on('message', (message: { event?: string; id?: number }) => {
      if (message.event !== undefined) events.push(message.event);
      watched ||= message.id === 1;
    });
    port2.postMessage({ id: 1, op: 'watch', args: ['/a', 't'], tx: 0, seen: 0 });
    await expect.poll(() => watched).toBe(true);
    for (let i = 0; i < 100_000; i++) dom0.write(`/a/${i % 1000}`, '');
    port2.postMessage({ id: 2, op: 'getDomainPath', args: [1], tx: 0, seen: 1 });
    await expect.poll(() => events.length).toBe(64);
    port2.postMessage({ events: 64 });
    await expect.poll(() => events.at(-1)).toBe('/a');
    expect(events.length).toBeLessThanOrEqual(64 + 51);
    port2.close();
  });

  test('a worker uses the store, and its exit ends the connection', async () => {
    const { store, dom1 } = newStore();
    const dom0 = localClient(store);
    await dom0.write('/local/domain/1', '');
    await dom0.setPerms('/local/domain/1', ['n1']);
    const { port1, port2 } = new MessageChannel();
    serveStore(store, 1, port1);
    const portUrl = new URL('../../../src/xenstore/port.ts', import.meta.url).href;
    const worker = new Worker(
      `const { workerData } = require('node:worker_threads');
       import(${JSON.stringify(portUrl)}).then(async ({ connectStore }) => {
         const store = connectStore(workerData);
         await store.watch('asked').ready;
         await store.write('answer', await store.read('asked'));
       });`,
      { eval: true, workerData: port2, transferList: [port2] },
    );
    dom1.write('asked', '42');
    for await (const path of dom0.watch('/local/domain/1/answer')) {
      if (await dom0.exists(path)) break;
    }
    expect(dom1.read('answer')).toBe('42');
    expect(store.usage(1)?.watches).toBe(1);
    await worker.terminate();
    await expect.poll(() => store.usage(1)?.watches).toBe(0);
  });
});
