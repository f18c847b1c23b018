// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { StoreConnection } from '../../../src/xenstore/contract.ts';
import { XS } from '../../../src/xenstore/wire.ts';
import { wireRequest } from '../../support/wire-request.ts';
import { listen, newStore, outcome, seed } from './harness.ts';
import { wirePeer } from './wire-peer.ts';

/** spec/primitives.md 9. Lessons 2 and 9 are in `wire-ring.test.ts`, 6 in `turns.test.ts`, 19 in the lifecycle tests. */

/** XSA-349. */
test('lesson 4: a key that is rewritten a million times waits once, and other watchers hear', async () => {
  const { store, dom0 } = newStore();
  seed(dom0, '/key', '', 'n1');
  const slow = wirePeer(store);
  slow.ask(XS.watch, '/key\0slow\0');
  slow.accepts = false;
  let heard = 0;
  store
    .connect(0, () => {
      heard++;
      return true;
    })
    .watch('/key', 'fast');
  const guest = store.connect(1, () => true);
  for (let i = 0; i < 1_000_000; i++) guest.write('/key', '');
  await Promise.resolve();
  expect(heard).toBeGreaterThanOrEqual(1_000_000);
  expect(slow.backlog).toBeLessThan(128 * 1024);
  slow.accepts = true;
  slow.drain();
  await Promise.resolve();
  expect(slow.shown().at(-1)).toBe('watchEvent:/key|slow|');
});

/** XSA-326. */
test('lesson 5: what fifty guests can make the store keep is the sum of their quotas', () => {
  const { store, dom0 } = newStore();
  const guests = Array.from({ length: 50 }, (_, i) => {
    const domid = 10 + i;
    store.introduceDomain(domid);
    seed(dom0, `/local/domain/${domid}`, '', `n${domid}`);
    return { domid, peer: wirePeer(store, domid), at: store.connect(domid, () => false) };
  });
  for (const { peer, at } of guests) {
    peer.ask(XS.write, `big\0${'x'.repeat(1900)}`);
    peer.accepts = false;
    const reads = Array.from({ length: 200 }, () => wireRequest(XS.read, 'big\0'));
    peer.session.receive(Buffer.concat(reads));
    for (let i = 0; i < 200; i++) outcome(() => at.watch('big', String(i)));
    for (let i = 0; i < 20; i++) outcome(() => at.transactionStart());
    for (let i = 0; i < 1100; i++) outcome(() => at.write(`n${i}`, ''));
    for (let i = 0; i < 1100; i++) outcome(() => at.write(`t${i}`, '', 1));
  }
  for (const { domid, peer } of guests) {
    expect(peer.backlog).toBeLessThan(128 * 1024);
    expect(store.usage(domid)).toEqual({ nodes: 1000, watches: 128, transactions: 10 });
  }
  expect(dom0.read('/tool')).toBe('');
  for (const { domid } of guests) store.releaseDomain(domid);
  expect(store.totals()).toMatchObject({ watches: 0, transactions: 0 });
  expect(store.check()).toEqual([]);
});

const PATHS = ['/a', '/a/b', '/a/b/c', '/d', '/d/e'];
const path = fc.constantFrom(...PATHS);
const perms = fc.constantFrom(['n0'], ['r0'], ['n1'], ['n0', 'r1'], ['b0', 'n1'], ['n2', 'w1'], ['n0', 'b2']);

/** XSA-115. */
test('lesson 7: no event names a path that the watcher could not read, before or after', () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant('write' as const), path }),
    fc.record({ kind: fc.constant('rm' as const), path }),
    fc.record({ kind: fc.constant('perms' as const), path, perms }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
      const { store, dom0, dom1 } = newStore();
      const watcher = listen(store, 1);
      watcher.at.watch('/', 't');
      watcher.heard();
      const readable = (): Set<string> =>
        new Set(['/', ...PATHS].filter((each) => outcome(() => dom1.read(each)) === 'OK'));
      const above = (each: string) => each.slice(0, each.lastIndexOf('/')) || '/';
      for (const each of steps) {
        const before = readable();
        if (each.kind === 'write') dom0.write(each.path, '');
        else if (each.kind === 'rm') outcome(() => dom0.rm(each.path));
        else outcome(() => dom0.setPerms(each.path, each.perms));
        const after = readable();
        for (const event of watcher.heard()) {
          const [heard = ''] = event.split(' ');
          const seen = [before, after].some((set) => set.has(heard) || set.has(above(heard)));
          expect(seen, event).toBe(true);
        }
      }
    }),
  );
});

/** XSA-322, 417, 419, 483. */
test('lesson 8: a hundred lives of one id over the wire, each with all quotas and none of the others’ rights', () => {
  const { store, dom0 } = newStore();
  dom0.write('/shared', 'secret');
  const before = store.totals();
  for (let life = 0; life < 100; life++) {
    store.introduceDomain(7);
    const guest = wirePeer(store, 7);
    expect(guest.ask(XS.read, '/shared\0')).toBe('error:EACCES|');
    seed(dom0, '/local/domain/7', '', 'n7');
    dom0.setPerms('/shared', ['n0', 'r7']);
    expect(guest.ask(XS.read, '/shared\0')).toBe('read:secret');
    for (let i = 0; i < 128; i++) expect(guest.ask(XS.watch, `w\0${i}\0`)).toMatch(/^watch:OK/);
    for (let i = 0; i < 10; i++) expect(guest.ask(XS.transactionStart, '\0')).toMatch(/^transactionStart/);
    expect(guest.ask(XS.write, 'mine\0')).toContain('write:OK|');
    store.releaseDomain(7);
    expect(store.totals()).toMatchObject({ watches: before.watches, transactions: before.transactions });
    dom0.rm('/local');
  }
  expect(store.check()).toEqual([]);
});

/** XSA-324, 72; the directory that is too long is in `wire.test.ts`. */
test('lesson 10: an event that is longer than a message is dropped, the connection lives', () => {
  const peer = wirePeer(newStore().store);
  peer.ask(XS.watch, `/\0${'t'.repeat(2000)}\0`);
  expect(peer.ask(XS.write, `/${'p'.repeat(3000)}\0`)).toBe('write:OK|');
  expect(peer.ask(XS.read, '/tool\0')).toBe('read:');
});

/** XSA-418, 416, 421, 440, 484, 481. */
describe('lesson 11: the accounts hold after every step of', () => {
  test('a path of a thousand levels', () => {
    const { store, dom0 } = newStore();
    dom0.write('/x'.repeat(1000), '');
    expect(store.check()).toEqual([]);
    dom0.rm('/x');
    expect(store.check()).toEqual([]);
  });

  test('two thousand nodes that come and go in one transaction', () => {
    const { store, dom0 } = newStore();
    const tx = dom0.transactionStart();
    for (let i = 0; i < 2000; i++) dom0.write(`/many/${i}`, '', tx);
    dom0.rm('/many', tx);
    dom0.transactionEnd(tx, true);
    expect(outcome(() => dom0.read('/many'))).toBe('ENOENT');
    expect(store.check()).toEqual([]);
  });

  test('RESET_WATCHES inside of a transaction', () => {
    const { store } = newStore();
    const peer = wirePeer(store);
    peer.ask(XS.watch, '/\0t\0');
    peer.ask(XS.transactionStart, '\0');
    expect(peer.ask(XS.resetWatches, '\0', 1)).toBe('resetWatches:OK|');
    expect(peer.ask(XS.read, '/\0', 1)).toBe('error:ENOENT|');
    expect(store.check()).toEqual([]);
  });

  test('paths that are none', () => {
    const { store } = newStore();
    const odd = [
      '',
      '/local/domain/',
      '//',
      '/a//b',
      '/a/',
      '.',
      '/..',
      '/a b',
      '/a\n',
      'a\xff',
      '@',
      '@x/',
      '/@',
      ' ',
    ];
    for (const domid of [0, 1]) {
      const peer = wirePeer(store, domid);
      for (const type of [XS.read, XS.write, XS.mkdir, XS.rm, XS.directory, XS.getPerms]) {
        for (const each of odd) {
          expect(peer.ask(type, `${each}\0`)).toMatch(/:(OK\||E[A-Z]+\||)$|^(directory|getPerms|read):/);
          expect(store.check()).toEqual([]);
        }
      }
    }
  });

  test('whatever a guest sends, in and out of transactions', () => {
    const request = fc.record({
      type: fc.constantFrom(...Object.values(XS)),
      payload: fc
        .tuple(path, fc.constantFrom('', '\0', '\0n1\0', '\0t\0', '\0x', '\0b1\0r2\0'))
        .map((both) => both.join('')),
      tx: fc.constantFrom(0, 0, 1, 2),
    });
    fc.assert(
      fc.property(fc.array(request, { maxLength: 60 }), (requests) => {
        const { store, dom0 } = newStore({ quotas: { nodes: 6 } });
        seed(dom0, '/a', '', 'n1');
        seed(dom0, '/d', '', 'n0', 'b1');
        const peer = wirePeer(store, 1);
        for (const { type, payload, tx } of requests) {
          peer.ask(type, type === XS.transactionEnd ? 'T\0' : payload, tx);
          expect(store.check()).toEqual([]);
          expect(store.usage(1)!.nodes).toBeLessThanOrEqual(6);
        }
      }),
    );
  });
});

/** XSA-352, 353. */
test('lesson 12: nothing that a guest does changes an owner or the root', () => {
  const op = fc.oneof(
    fc.record({ kind: fc.constant('write' as const), path }),
    fc.record({ kind: fc.constant('rm' as const), path }),
    fc.record({ kind: fc.constant('perms' as const), path: fc.constantFrom('/', ...PATHS), perms }),
  );
  fc.assert(
    fc.property(fc.array(op, { maxLength: 40 }), (ops) => {
      const { dom0, dom1 } = newStore();
      for (const each of PATHS) seed(dom0, each, '', each.startsWith('/a') ? 'n1' : 'b0');
      const owners = (at: StoreConnection) =>
        new Map(
          PATHS.flatMap((each) =>
            outcome(() => at.read(each)) === 'OK' ? [[each, at.getPerms(each)[0]!.slice(1)]] : [],
          ),
        );
      for (const each of ops) {
        const before = owners(dom0);
        if (each.kind === 'write') outcome(() => dom1.write(each.path, ''));
        else if (each.kind === 'rm') outcome(() => dom1.rm(each.path));
        else outcome(() => dom1.setPerms(each.path, each.perms));
        for (const [at, owner] of owners(dom0)) expect(before.get(at) ?? '1').toBe(owner);
        expect([dom0.read('/'), dom0.getPerms('/')]).toEqual(['', ['n0']]);
      }
    }),
  );
});
