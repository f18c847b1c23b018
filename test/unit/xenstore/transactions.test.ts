// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import type { StoreConnection } from '../../../src/xenstore/contract.ts';
import { listen, newStore, outcome, seed } from './harness.ts';

type Step = (c: StoreConnection, tx?: number) => void;

/** The nodes of the matrix: values in c and d, the single nodes a and b. */
function prepare() {
  const world = newStore();
  for (const path of ['/a', '/b', '/c/a', '/d/e']) world.dom0.write(path, 'old');
  return { ...world, other: world.connect(0) };
}

const read =
  (path: string): Step =>
  (c, tx) =>
    void outcome(() => c.read(path, tx));
const write =
  (path: string, value = 'new'): Step =>
  (c, tx) =>
    c.write(path, value, tx);
const rm =
  (path: string): Step =>
  (c, tx) =>
    c.rm(path, tx);
const dir =
  (path: string): Step =>
  (c, tx) =>
    void c.directory(path, tx);
const perms =
  (path: string): Step =>
  (c, tx) =>
    void c.getPerms(path, tx);
const chmod =
  (path: string): Step =>
  (c, tx) =>
    c.setPerms(path, ['r0'], tx);

/** spec/primitives.md 1.4, column OX417, but that a failed read counts too; see the folder's README. */
const MATRIX: readonly [inside: string, outside: string, outcome: string, steps: Step[], change: Step][] = [
  ['read a (no writes)', 'write a', 'OK', [read('/a')], write('/a')],
  ['read a, write b', 'write a', 'EAGAIN', [read('/a'), write('/b')], write('/a')],
  ['read a, write b', 'write a, same value', 'OK', [read('/a'), write('/b')], write('/a', 'old')],
  ['write a', 'write a', 'OK', [write('/a')], write('/a')],
  ['write a', 'write b', 'OK', [write('/a')], write('/b')],
  ['create c/n', 'create c/m', 'OK', [write('/c/n')], write('/c/m')],
  ['create c/n', 'create c/n', 'OK', [write('/c/n')], write('/c/n')],
  ['create d/n', 'create c/m', 'OK', [write('/d/n')], write('/c/m')],
  ['dir c, write d/e', 'create c/m', 'EAGAIN', [dir('/c'), write('/d/e')], write('/c/m')],
  ['dir c, write d/e', 'write c/a', 'OK', [dir('/c'), write('/d/e')], write('/c/a')],
  ['read missing x, write d/e', 'create x', 'EAGAIN', [read('/x'), write('/d/e')], write('/x')],
  ['rm c/a', 'write c/a', 'OK', [rm('/c/a')], write('/c/a')],
  ['rm c/a', 'create c/m', 'OK', [rm('/c/a')], write('/c/m')],
  ['rm c', 'create c/m', 'OK', [rm('/c')], write('/c/m')],
  ['rm c', 'write c/a', 'OK', [rm('/c')], write('/c/a')],
  ['write c/a', 'rm c/a', 'OK', [write('/c/a')], rm('/c/a')],
  ['write c/a', 'rm c', 'OK', [write('/c/a')], rm('/c')],
  ['get_perms a, write d/e', 'set_perms a', 'EAGAIN', [perms('/a'), write('/d/e')], chmod('/a')],
];

describe('conflict matrix', () => {
  test.each(MATRIX)('%s / outside: %s: %s', (_inside, _outside, expected, steps, change) => {
    const { dom0, other, store } = prepare();
    const tx = dom0.transactionStart();
    for (const step of steps) step(dom0, tx);
    change(other);
    const beforeEnd = other.directory('/').map((name) => [name, other.directory(`/${name}`)]);
    expect(outcome(() => dom0.transactionEnd(tx, true))).toBe(expected);
    if (expected === 'EAGAIN') {
      expect(other.directory('/').map((name) => [name, other.directory(`/${name}`)])).toEqual(beforeEnd);
    }
    expect(outcome(() => dom0.transactionEnd(tx, true))).toBe('ENOENT');
    expect(store.check()).toEqual([]);
  });

  test.each(MATRIX)('%s, aborted / outside: %s', (_inside, _outside, _expected, steps, change) => {
    const { dom0, other } = prepare();
    const tx = dom0.transactionStart();
    for (const step of steps) step(dom0, tx);
    change(other);
    expect(outcome(() => dom0.transactionEnd(tx, false))).toBe('OK');
  });

  test('what is asked again at the commit sees what others did, and others see one change', () => {
    const { dom0, other, store } = prepare();
    const listener = listen(store, 0);
    const tx = dom0.transactionStart();
    dom0.write('/c/n', 'mine', tx);
    dom0.rm('/c/a', tx);
    other.write('/c/m', 'theirs');
    other.write('/c/a/deep', 'theirs');
    listener.at.watch('/', 't');
    listener.heard();
    dom0.transactionEnd(tx, true);
    expect(dom0.directory('/c')).toEqual(['m', 'n']);
    expect(listener.heard()).toEqual(['/c/n t', '/c/a t']);
    expect(store.check()).toEqual([]);
  });

  test('a transaction of very many requests is not asked again', () => {
    const { dom0, other } = prepare();
    const tx = dom0.transactionStart();
    for (let i = 0; i < 5000; i++) dom0.write('/c/n', String(i), tx);
    other.write('/c/m', 'theirs');
    expect(outcome(() => dom0.transactionEnd(tx, true))).toBe('EAGAIN');
  });

  test('a merged commit keeps both sides', () => {
    const { dom0, other, store } = prepare();
    const tx = dom0.transactionStart();
    dom0.write('/d/n/deep', 'mine', tx);
    dom0.write('/a', 'mine', tx);
    dom0.rm('/d/e', tx);
    other.write('/c/m', 'theirs');
    other.write('/b', 'theirs');
    dom0.transactionEnd(tx, true);
    expect(dom0.read('/d/n/deep') + dom0.read('/a')).toBe('minemine');
    expect(dom0.read('/c/m') + dom0.read('/b')).toBe('theirstheirs');
    expect(dom0.directory('/d')).toEqual(['n']);
    expect(store.check()).toEqual([]);
  });

  test('a merged parent gets its contents, and keeps what others changed deeper', () => {
    const { dom0, other } = prepare();
    const tx = dom0.transactionStart();
    dom0.write('/c', 'mine', tx);
    other.write('/c/a', 'theirs');
    other.write('/c/a/deep', 'theirs');
    dom0.transactionEnd(tx, true);
    expect([dom0.read('/c'), dom0.read('/c/a'), dom0.read('/c/a/deep')]).toEqual(['mine', 'theirs', 'theirs']);
  });

  test('removed and made again in one transaction: nothing old is left', () => {
    const { dom0, other, store } = prepare();
    const tx = dom0.transactionStart();
    dom0.rm('/c', tx);
    dom0.write('/c/new', 'x', tx);
    other.write('/b', 'theirs');
    dom0.transactionEnd(tx, true);
    expect(dom0.directory('/c')).toEqual(['new']);
    expect(store.check()).toEqual([]);
  });
});

describe('transactions', () => {
  test('see a snapshot and their own writes; others see nothing before the commit', () => {
    const { dom0, other } = prepare();
    const tx = dom0.transactionStart();
    dom0.write('/mine', '1', tx);
    other.write('/a', 'theirs');
    other.write('/theirs', '1');
    expect(dom0.read('/a', tx)).toBe('old');
    expect(dom0.read('/mine', tx)).toBe('1');
    expect(outcome(() => dom0.read('/theirs', tx))).toBe('ENOENT');
    expect(outcome(() => other.read('/mine'))).toBe('ENOENT');
  });

  test('ids are decimal counters of a connection and good there only', () => {
    const { dom0, other } = prepare();
    expect([dom0.transactionStart(), dom0.transactionStart(), other.transactionStart()]).toEqual([1, 2, 1]);
    expect(outcome(() => other.read('/a', 2))).toBe('ENOENT');
    expect(outcome(() => other.transactionEnd(2, true))).toBe('ENOENT');
    expect(outcome(() => dom0.transactionEnd(0, true))).toBe('ENOENT');
    expect(outcome(() => dom0.transactionStart(1))).toBe('EBUSY');
    expect(outcome(() => dom0.transactionStart(9))).toBe('ENOENT');
  });

  test('the transaction id is checked before the path', () => {
    expect(outcome(() => newStore().dom0.read('/bad path', 5))).toBe('ENOENT');
  });

  test('events come on commit only, one per node, in the order of first touch, none for what came and went', () => {
    const { dom0, store } = prepare();
    const listener = listen(store, 0);
    listener.at.watch('/', 't');
    listener.heard();
    const tx = dom0.transactionStart();
    dom0.write('/b', '1', tx);
    dom0.write('/a', '1', tx);
    dom0.write('/b', '2', tx);
    dom0.write('/n', '1', tx);
    dom0.rm('/n', tx);
    dom0.rm('/c', tx);
    expect(listener.heard()).toEqual([]);
    dom0.transactionEnd(tx, true);
    expect(listener.heard()).toEqual(['/b t', '/a t', '/c t']);

    const aborted = dom0.transactionStart();
    dom0.write('/a', '2', aborted);
    dom0.transactionEnd(aborted, false);
    expect(listener.heard()).toEqual([]);
  });

  test('a watch below a removed node hears of its own node on commit', () => {
    const { dom0, store } = prepare();
    const listener = listen(store, 0);
    listener.at.watch('/c/a', 't');
    listener.at.watch('/c/none', 'u');
    listener.heard();
    const tx = dom0.transactionStart();
    dom0.rm('/c', tx);
    dom0.transactionEnd(tx, true);
    expect(listener.heard()).toEqual(['/c/a t']);
  });

  test('a refused operation dooms the transaction', () => {
    const { dom0, dom1, store } = newStore();
    seed(dom0, '/a', '', 'n1');
    const tx = dom1.transactionStart();
    dom1.write('/a/small', 'x', tx);
    expect(outcome(() => dom1.write('/a/big', 'x'.repeat(2048), tx))).toBe('ENOSPC');
    expect(outcome(() => dom1.transactionEnd(tx, true))).toBe('ENOMEM');
    expect(dom0.directory('/a')).toEqual([]);
    expect(store.usage(1)).toEqual({ nodes: 1, watches: 0, transactions: 0 });
  });

  test('quota that others used up meanwhile is ENOSPC at commit', () => {
    const { dom0, dom1, connect } = newStore({ quotas: { nodes: 3 } });
    seed(dom0, '/a', '', 'n1');
    seed(dom0, '/b', '', 'n0', 'b1');
    const tx = dom1.transactionStart();
    dom1.write('/a/x/y', '', tx);
    connect(1).write('/b/z', '');
    expect(outcome(() => dom1.transactionEnd(tx, true))).toBe('ENOSPC');
  });

  test('created and removed within one transaction costs no quota (XSA-416)', () => {
    const { dom0, dom1, store } = newStore({ quotas: { 'transaction-nodes': 5000 } });
    seed(dom0, '/a', '', 'n1');
    const tx = dom1.transactionStart();
    for (let round = 0; round < 3; round++) {
      for (let i = 0; i < 900; i++) dom1.write(`/a/n/${i}`, '', tx);
      dom1.rm('/a/n', tx);
    }
    dom1.transactionEnd(tx, true);
    expect(store.usage(1)?.nodes).toBe(1);
    expect(store.check()).toEqual([]);
  });

  test('a new owner that dies before the commit is a conflict', () => {
    const { dom0, store } = prepare();
    const tx = dom0.transactionStart();
    dom0.setPerms('/a', ['n2'], tx);
    store.releaseDomain(2);
    expect(outcome(() => dom0.transactionEnd(tx, true))).toBe('EAGAIN');
    const again = dom0.transactionStart();
    dom0.setPerms('/a', ['n3'], again);
    store.releaseDomain(3);
    store.introduceDomain(3);
    expect(outcome(() => dom0.transactionEnd(again, true))).toBe('EAGAIN');
    expect(store.check()).toEqual([]);
  });

  test('reset watches and close drop transactions', () => {
    const { dom1, store } = newStore();
    const tx = dom1.transactionStart();
    dom1.resetWatches();
    expect(outcome(() => dom1.transactionEnd(tx, true))).toBe('ENOENT');
    dom1.transactionStart();
    dom1.close();
    expect(store.usage(1)?.transactions).toBe(0);
  });
});
