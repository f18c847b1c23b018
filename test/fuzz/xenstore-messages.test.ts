// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { MessageChannel } from 'node:worker_threads';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { STORE_ERRNOS } from '../../src/xenstore/contract.ts';
import { serveStore } from '../../src/xenstore/port.ts';
import { createStore } from '../../src/xenstore/store.ts';

const OPS = [
  ...['read', 'write', 'mkdir', 'rm', 'directory', 'getPerms', 'setPerms', 'watch', 'unwatch', 'resetWatches'],
  ...[
    'transactionStart',
    'transactionEnd',
    'getDomainPath',
    'introduce',
    'release',
    'isIntroduced',
    'resume',
    'setTarget',
  ],
  ...['__proto__', 'constructor', 'toString', 'close', 'disown', 'drain', ''],
];

const anything = fc.anything({ withMap: true, withSet: true, withTypedArray: true, withBigInt: true, withDate: true });
const arg = fc.oneof(
  fc.constantFrom('/', '/a', 'x', '@releaseDomain', '/a//b', '', 'n1', 'b1', '\u0100', '\0'),
  fc.constantFrom(['n1'], ['n1', 'r2'], [], ['x']),
  fc.boolean(),
  fc.integer({ min: -2, max: 70_000 }),
  anything,
);
const request = fc.record(
  {
    op: fc.oneof(fc.constantFrom(...OPS), anything),
    args: fc.oneof(fc.array(arg, { maxLength: 4 }), anything),
    tx: fc.oneof(fc.constantFrom(0, 1, 2), anything),
  },
  { requiredKeys: [] },
);

describe('hostile messages', () => {
  test('each gets a result or an errno, in order; the store stays sound and serves others', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(request, { maxLength: 20 }), async (requests) => {
        const store = createStore({ quotas: { outstanding: 1000 } });
        store.introduceDomain(1);
        const dom0 = store.connect(0, () => true);
        dom0.setPerms('/', ['n0', 'b1']);
        const { port1, port2 } = new MessageChannel();
        serveStore(store, 1, port1);
        const replies: { id?: number; errno?: string }[] = [];
        const done = Promise.withResolvers<void>();
        port2.on('message', (reply: { id?: number; errno?: string }) => {
          if (!('id' in reply)) return;
          replies.push(reply);
          if (reply.id === requests.length) done.resolve();
        });
        for (const [id, body] of requests.entries()) port2.postMessage({ ...body, id, seen: replies.length });
        port2.postMessage({ id: requests.length, op: 'getDomainPath', args: [1], tx: 0, seen: replies.length });
        await done.promise;
        expect(replies.map(({ id }) => id)).toEqual([...requests.keys(), requests.length]);
        for (const { errno } of replies) expect([undefined, ...STORE_ERRNOS]).toContain(errno);
        expect(store.check()).toEqual([]);
        expect(dom0.getPerms('/')).toEqual(['n0', 'b1']);
        const closed = once(port1, 'close');
        port2.close();
        await closed;
        expect(store.usage(1)).toMatchObject({ watches: 0, transactions: 0 });
      }),
      { numRuns: 150 },
    );
  });

  test('what is no request at all does not throw either', async () => {
    const store = createStore();
    store.introduceDomain(1);
    const { port1, port2 } = new MessageChannel();
    serveStore(store, 1, port1);
    const errnos: unknown[] = [];
    port2.on('message', ({ errno }) => errnos.push(errno));
    for (const junk of [null, undefined, 7, 'read', [], {}, { id: 'x' }, { events: Number.NaN }, { events: -5 }]) {
      port2.postMessage(junk);
    }
    port2.postMessage({ id: 1, op: 'getDomainPath', args: [1], tx: 0, seen: 0 });
    await expect.poll(() => errnos.at(-1)).toBe(undefined);
    await expect.poll(() => errnos.length).toBe(9);
    expect(errnos.slice(0, -1).every((errno) => errno === 'EINVAL')).toBe(true);
    port2.close();
  });
});
