// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { createStore } from '../../../src/xenstore/store.ts';
import { listen, newStore, outcome, seed } from './harness.ts';

describe('domains', () => {
  test('only introduced domains connect', () => {
    const store = createStore();
    expect(outcome(() => store.connect(5, () => true))).toBe('ENOENT');
    store.introduceDomain(5);
    expect(outcome(() => store.connect(5, () => true))).toBe('OK');
    store.releaseDomain(5);
    expect(outcome(() => store.connect(5, () => true))).toBe('ENOENT');
    for (const domid of [0, -1, 1.5, 0x7ff0]) expect(outcome(() => store.introduceDomain(domid))).toBe('EINVAL');
  });

  test('introduce and release by domain 0', () => {
    const { dom0 } = newStore({ domainExists: (domid) => domid === 8 });
    expect(dom0.isIntroduced(8)).toBe(false);
    dom0.introduce(8);
    expect(dom0.isIntroduced(8)).toBe(true);
    expect(dom0.isIntroduced(0x7ff0)).toBe(true);
    dom0.release(8);
    expect(dom0.isIntroduced(8)).toBe(false);
    expect(outcome(() => dom0.introduce(9))).toBe('ENOENT');
  });

  test('a second introduction drops watches and transactions, the connection stays', () => {
    const { store } = newStore();
    const listener = listen(store, 1);
    listener.at.watch('/', 't');
    const tx = listener.at.transactionStart();
    store.introduceDomain(1);
    expect(store.usage(1)).toEqual({ nodes: 0, watches: 0, transactions: 0 });
    expect(outcome(() => listener.at.transactionEnd(tx, true))).toBe('ENOENT');
    expect(listener.heard()).toEqual([]);
    expect(listener.at.closed).toBe(false);
  });

  test('a shut down domain keeps everything', () => {
    const { store, dom0, dom1 } = newStore();
    seed(dom0, '/a', 'x', 'n1');
    store.shutdownDomain(1);
    expect(dom1.read('/a')).toBe('x');
  });

  test('death closes the connections and tells their holders once', () => {
    const { store } = newStore();
    const closed: string[] = [];
    const first = store.connect(
      1,
      () => true,
      () => closed.push('first'),
    );
    const second = store.connect(
      1,
      () => true,
      () => closed.push('second'),
    );
    second.close();
    store.releaseDomain(1);
    store.releaseDomain(1);
    expect(closed).toEqual(['first']);
    expect(first.closed).toBe(true);
    expect(outcome(() => first.read('/'))).toBe('EIO');
  });

  test('death removes its nodes with all below, wherever they are, and tells others (XSA-419)', () => {
    const { store, dom0 } = newStore();
    seed(dom0, '/local/domain/1', '', 'n0', 'r1');
    seed(dom0, '/local/domain/1/data', '', 'n1');
    seed(dom0, '/shared/from1', '', 'n1');
    seed(dom0, '/shared/from1/by0', 'x', 'n0');
    seed(dom0, '/shared/from2', '', 'n2');
    const listener = listen(store, 0);
    listener.at.watch('/shared', 's');
    listener.at.watch('/shared/from1/by0', 'below');
    listener.at.watch('@releaseDomain', 'r');
    listener.heard();
    store.releaseDomain(1);
    expect(listener.heard()).toEqual(['/shared/from1 s', '/shared/from1/by0 below', '@releaseDomain r']);
    expect(dom0.directory('/local/domain/1')).toEqual([]);
    expect(dom0.directory('/shared')).toEqual(['from2']);
    expect(store.usage(1)).toBeUndefined();
    expect(store.check()).toEqual([]);
  });

  test('a root that was given away comes back to domain 0', () => {
    const { store, dom0 } = newStore();
    dom0.setPerms('/', ['r1', 'b2']);
    seed(dom0, '/a', '', 'n1');
    store.releaseDomain(1);
    expect(dom0.getPerms('/')).toEqual(['r0', 'b2']);
    expect(dom0.directory('/')).toEqual(['tool']);
    expect(store.check()).toEqual([]);
  });

  test('death aborts transactions, and those of others that rest on its nodes conflict', () => {
    const { store, dom0, dom1 } = newStore();
    seed(dom0, '/a', 'x', 'n1');
    dom1.transactionStart();
    const tx = dom0.transactionStart();
    dom0.write('/copy', dom0.read('/a', tx), tx);
    store.releaseDomain(1);
    expect(outcome(() => dom0.transactionEnd(tx, true))).toBe('EAGAIN');
    expect(store.check()).toEqual([]);
  });

  test('a receiver that is told of a death sees the domain gone', () => {
    const { store, dom0 } = newStore();
    seed(dom0, '/a', 'x', 'n1');
    const seen: string[] = [];
    const at = store.connect(0, (path) => {
      seen.push(`${path} ${outcome(() => store.connect(1, () => true))}`);
      return true;
    });
    at.watch('/a', 't');
    at.drain();
    store.releaseDomain(1);
    expect(seen).toEqual(['/a OK', '/a ENOENT']);
  });

  test('a hundred lives of one id: nothing is inherited, every quota is fresh (XSA-322, 417, 483)', () => {
    const store = createStore({ quotas: { nodes: 20, watches: 5, transactions: 3 } });
    const dom0 = store.connect(0, () => true);
    seed(dom0, '/public', '', 'n0', 'b4');
    for (let life = 0; life < 100; life++) {
      store.introduceDomain(4);
      const guest = store.connect(4, () => true);
      if (life > 0) expect(outcome(() => guest.write('/public/x', ''))).toBe('EACCES');
      dom0.setPerms('/public', ['n0', 'b4']);
      seed(dom0, `/letters/${life}`, 'secret', 'n0', 'r4');
      if (life > 0) expect(outcome(() => guest.read(`/letters/${life - 1}`))).toBe('EACCES');
      // A later write by others must not bring an old entry back to life.
      if (life > 0) dom0.write(`/letters/${life - 1}`, 'rewritten');
      if (life > 0) expect(outcome(() => guest.read(`/letters/${life - 1}`))).toBe('EACCES');
      for (let i = 0; i < 20; i++) guest.write(`/public/${i}`, '');
      for (let i = 0; i < 5; i++) guest.watch('/', String(i));
      for (let i = 0; i < 3; i++) guest.transactionStart();
      store.releaseDomain(4);
      expect(dom0.directory('/public')).toEqual([]);
      expect(store.check()).toEqual([]);
    }
  });
});
