// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { formatPerm, parsePerm } from '../../../src/xenstore/permissions.ts';
import { newStore, outcome, seed } from './harness.ts';

describe('permission texts', () => {
  test.each(['n0', 'r1', 'w32757', 'b65535'])('%s', (text) => {
    expect(formatPerm(parsePerm(text))).toBe(text);
  });
  test.each(['', 'n', 'x1', 'n-1', 'n1 ', 'rn1', 'n65536', 'N1', 'n999999'])('%j is EINVAL', (text) => {
    expect(outcome(() => parsePerm(text))).toBe('EINVAL');
  });
});

describe('rights', () => {
  test.each([
    [['n0'], 'EACCES', 'EACCES'],
    [['r0'], 'OK', 'EACCES'],
    [['w0'], 'EACCES', 'OK'],
    [['b0'], 'OK', 'OK'],
    [['n1'], 'OK', 'OK'],
    [['n0', 'r1'], 'OK', 'EACCES'],
    [['n0', 'w1'], 'EACCES', 'OK'],
    [['b0', 'n1'], 'EACCES', 'EACCES'],
    [['b0', 'n2'], 'OK', 'OK'],
    // The first entry that names the caller decides.
    [['n2', 'n1', 'b1'], 'EACCES', 'EACCES'],
    [['n0', 'r32757'], 'OK', 'EACCES'],
  ])('%j lets domain 1 read: %s, write: %s', (perms, reads, writes) => {
    const { dom0, dom1 } = newStore();
    seed(dom0, '/a', 'x', ...perms);
    expect(outcome(() => dom1.read('/a'))).toBe(reads);
    expect(outcome(() => dom1.directory('/a'))).toBe(reads);
    expect(outcome(() => dom1.getPerms('/a'))).toBe(reads);
    expect(outcome(() => dom1.write('/a', 'y'))).toBe(writes);
    expect(outcome(() => dom0.read('/a'))).toBe('OK');
  });

  test('writing needs rights on the node, creating on the nearest ancestor, removing on the node', () => {
    const { dom0, dom1 } = newStore();
    seed(dom0, '/closed/open', '', 'n0', 'b1');
    expect(outcome(() => dom1.write('/closed/open', 'x'))).toBe('OK');
    expect(outcome(() => dom1.write('/closed/open/deep/er', 'x'))).toBe('OK');
    expect(outcome(() => dom1.write('/closed/other', 'x'))).toBe('EACCES');
    expect(outcome(() => dom1.mkdir('/closed/other/x'))).toBe('EACCES');
    expect(outcome(() => dom1.rm('/closed/open'))).toBe('OK');
    expect(dom0.directory('/closed')).toEqual([]);
  });

  test('absent and forbidden look the same', () => {
    const { dom0, dom1 } = newStore();
    seed(dom0, '/secret/there', 'x', 'n0');
    seed(dom0, '/public', '', 'r0');
    for (const path of ['/secret/there', '/secret/absent', '/secret/absent/x']) {
      expect(outcome(() => dom1.read(path))).toBe('EACCES');
      expect(outcome(() => dom1.rm(path))).toBe('EACCES');
      expect(outcome(() => dom1.setPerms(path, ['n1']))).toBe('EACCES');
    }
    expect(outcome(() => dom1.read('/public/absent'))).toBe('ENOENT');
    expect(outcome(() => dom1.rm('/public/absent'))).toBe('EACCES');
  });

  test('a new node inherits; an unprivileged creator becomes its owner, the rest of the list stays', () => {
    const { dom0, dom1, dom2 } = newStore();
    seed(dom0, '/a', '', 'n1', 'b2');
    dom0.write('/a/by0', '');
    expect(dom0.getPerms('/a/by0')).toEqual(['n1', 'b2']);
    dom2.write('/a/by2', '');
    expect(dom0.getPerms('/a/by2')).toEqual(['n2', 'b2']);
    expect(outcome(() => dom1.read('/a/by2'))).toBe('EACCES');
  });

  test('set perms: owner or domain 0, a new owner only by domain 0', () => {
    const { dom0, dom1, dom2 } = newStore();
    seed(dom0, '/a', '', 'n1', 'b2');
    expect(outcome(() => dom2.setPerms('/a', ['n1', 'r2']))).toBe('EACCES');
    expect(outcome(() => dom1.setPerms('/a', ['n2']))).toBe('EPERM');
    expect(outcome(() => dom1.setPerms('/a', ['r1', 'w2']))).toBe('OK');
    expect(dom1.getPerms('/a')).toEqual(['r1', 'w2']);
    expect(outcome(() => dom0.setPerms('/a', ['n2']))).toBe('OK');
    expect(outcome(() => dom0.setPerms('/a', []))).toBe('EINVAL');
    expect(outcome(() => dom0.setPerms('/a', ['n2', 'x1']))).toBe('EINVAL');
    expect(outcome(() => dom0.setPerms('/absent', ['n0']))).toBe('ENOENT');
  });

  test('an owner must exist; another entry for a missing domain is shown and never counts', () => {
    const { dom0, store, connect } = newStore();
    seed(dom0, '/a', 'x');
    expect(outcome(() => dom0.setPerms('/a', ['n9']))).toBe('ENOENT');
    dom0.setPerms('/a', ['n0', 'r9']);
    expect(dom0.getPerms('/a')).toEqual(['n0', 'r9']);
    store.introduceDomain(9);
    const dom9 = connect(9);
    expect(outcome(() => dom9.read('/a'))).toBe('EACCES');
    dom0.write('/a', 'y');
    expect(outcome(() => dom9.read('/a'))).toBe('EACCES');
    dom0.setPerms('/a', ['n0', 'r9']);
    expect(outcome(() => dom9.read('/a'))).toBe('OK');
  });

  test('a tool stack may name a domain that exists but was not introduced yet', () => {
    const { dom0, store, connect } = newStore({ domainExists: (domid) => domid === 9 });
    seed(dom0, '/a', 'x', 'n0', 'r9');
    seed(dom0, '/b', 'x', 'n9');
    store.introduceDomain(9);
    expect(connect(9).read('/a')).toBe('x');
    expect(store.usage(9)?.nodes).toBe(1);
  });

  test('set target gives the rights of another domain, not of its target in turn', () => {
    const { dom0, dom1, dom2, connect } = newStore();
    seed(dom0, '/owned', 'x', 'n2');
    seed(dom0, '/listed', 'x', 'n0', 'r2');
    seed(dom0, '/far', 'x', 'n3');
    dom0.setTarget(1, 2);
    dom0.setTarget(2, 3);
    dom0.setTarget(3, 1);
    expect(outcome(() => dom1.write('/owned', 'y'))).toBe('OK');
    expect(outcome(() => dom1.read('/listed'))).toBe('OK');
    expect(outcome(() => dom1.read('/far'))).toBe('EACCES');
    expect(outcome(() => dom2.read('/far'))).toBe('OK');
    connect(0).release(2);
    expect(outcome(() => dom1.read('/listed'))).toBe('EACCES');
  });

  test('privileged operations are refused to guests', () => {
    const { dom0, dom1 } = newStore();
    for (const action of [
      () => dom1.introduce(5),
      () => dom1.release(2),
      () => dom1.isIntroduced(2),
      () => dom1.resume(2),
      () => dom1.setTarget(1, 2),
      () => dom1.setPerms('@releaseDomain', ['b1']),
    ]) {
      expect(outcome(action)).toBe('EACCES');
    }
    expect(outcome(() => dom0.release(0))).toBe('EINVAL');
    expect(outcome(() => dom0.release(77))).toBe('ENOENT');
    expect(outcome(() => dom0.setTarget(1, 77))).toBe('ENOENT');
  });

  test('special nodes have permissions of their own', () => {
    const { dom0, dom1 } = newStore();
    expect(dom1.getPerms('@releaseDomain')).toEqual(['n0', 'r32757']);
    expect(outcome(() => dom1.getPerms('@introduceDomain'))).toBe('EACCES');
    dom0.setPerms('@introduceDomain', ['n0', 'r1']);
    expect(dom1.getPerms('@introduceDomain')).toEqual(['n0', 'r1']);
    expect(outcome(() => dom0.getPerms('@other'))).toBe('ENOENT');
  });
});
