// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { newStore, outcome } from './harness.ts';

describe('operations', () => {
  test('a new store has the root and /tool/xenstored', () => {
    const { dom0 } = newStore();
    expect(dom0.directory('/')).toEqual(['tool']);
    expect(dom0.directory('/tool')).toEqual(['xenstored']);
    expect(dom0.getPerms('/')).toEqual(['n0']);
  });

  test('write creates missing parents with empty values', () => {
    const { dom0 } = newStore();
    dom0.write('/a/b/c', 'x');
    expect(dom0.read('/a')).toBe('');
    expect(dom0.read('/a/b')).toBe('');
    expect(dom0.read('/a/b/c')).toBe('x');
  });

  test('values are bytes', () => {
    const { dom0 } = newStore();
    const all = String.fromCharCode(...Array.from({ length: 256 }, (_, i) => i));
    dom0.write('/a', all);
    expect(dom0.read('/a')).toBe(all);
    expect(outcome(() => dom0.write('/a', '\u0100'))).toBe('EINVAL');
    expect(outcome(() => dom0.write('/a', 'x'.repeat(4097)))).toBe('E2BIG');
    expect(dom0.read('/a')).toBe(all);
  });

  test('mkdir keeps an existing value', () => {
    const { dom0 } = newStore();
    dom0.write('/a', 'x');
    dom0.mkdir('/a');
    expect(dom0.read('/a')).toBe('x');
    dom0.mkdir('/b/c');
    expect(dom0.read('/b/c')).toBe('');
  });

  test('rm takes the subtree; missing is fine when the parent exists', () => {
    const { dom0 } = newStore();
    dom0.write('/a/b/c', 'x');
    dom0.rm('/a');
    expect(outcome(() => dom0.read('/a/b/c'))).toBe('ENOENT');
    expect(outcome(() => dom0.rm('/a'))).toBe('OK');
    expect(outcome(() => dom0.rm('/a/b'))).toBe('ENOENT');
    expect(outcome(() => dom0.rm('/'))).toBe('EINVAL');
  });

  test('children are listed in the order of creation, also many', () => {
    const { dom0 } = newStore();
    const names = Array.from({ length: 200 }, (_, i) => `n${(i * 77) % 200}`);
    for (const name of names) dom0.write(`/d/${name}`, '');
    dom0.write('/d/n77', 'again');
    expect(dom0.directory('/d')).toEqual(names);
    dom0.rm('/d/n0');
    dom0.write('/d/n0', '');
    expect(dom0.directory('/d').at(-1)).toBe('n0');
  });

  test('the generation moves with the node and its list of children, not with what is deeper', () => {
    const { dom0 } = newStore();
    dom0.write('/a/b', '');
    const before = dom0.listing('/a').generation;
    dom0.write('/a/b', 'x');
    dom0.write('/a/b/c', '');
    expect(dom0.listing('/a').generation).toBe(before);
    dom0.write('/a/d', '');
    expect(dom0.listing('/a').generation).toBeGreaterThan(before);
  });

  test('a path of a thousand levels is created and removed', () => {
    const { dom0, store } = newStore();
    const deep = '/x'.repeat(1000);
    dom0.write(deep, 'end');
    expect(dom0.read(deep)).toBe('end');
    expect(store.usage(0)?.nodes).toBe(1003);
    dom0.rm('/x');
    expect(store.usage(0)?.nodes).toBe(3);
    expect(store.check()).toEqual([]);
  });

  test('every operation of a closed connection is EIO', () => {
    const { dom0 } = newStore();
    dom0.close();
    dom0.close();
    expect(dom0.closed).toBe(true);
    for (const action of [
      () => dom0.read('/'),
      () => dom0.write('/a', ''),
      () => dom0.getPerms('@releaseDomain'),
      () => dom0.watch('/', 't'),
      () => dom0.transactionStart(),
      () => dom0.getDomainPath(1),
      () => dom0.introduce(9),
      () => dom0.resetWatches(),
    ]) {
      expect(outcome(action)).toBe('EIO');
    }
  });

  test('domain paths', () => {
    const { dom1 } = newStore();
    expect(dom1.getDomainPath(77)).toBe('/local/domain/77');
    expect(dom1.getDomainPath(0x7ff0)).toBe('/local/domain/1');
  });
});
