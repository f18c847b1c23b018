// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { newStore, outcome, seed } from './harness.ts';

/** Runs `action(1)`, `action(2)`, ... and counts how many succeed before the first ENOSPC. */
function admitted(action: (i: number) => void): number {
  for (let i = 1; ; i++) {
    const result = outcome(() => action(i));
    if (result === 'ENOSPC') return i - 1;
    expect(result).toBe('OK');
  }
}

describe('quotas: the count may reach the limit', () => {
  test('nodes', () => {
    const { dom0, dom1, store } = newStore();
    seed(dom0, '/a', '', 'n0', 'b1');
    expect(admitted((i) => dom1.write(`/a/${i}`, ''))).toBe(1000);
    expect(store.usage(1)?.nodes).toBe(1000);
    expect(outcome(() => dom1.mkdir('/a/more'))).toBe('ENOSPC');
    expect(outcome(() => dom1.write('/a/1', 'changed'))).toBe('OK');
    dom1.rm('/a/2');
    expect(outcome(() => dom1.mkdir('/a/more'))).toBe('OK');
    expect(store.check()).toEqual([]);
  });

  test('implicit parents count', () => {
    const { dom0, dom1 } = newStore({ quotas: { nodes: 3 } });
    seed(dom0, '/a', '', 'n0', 'b1');
    expect(outcome(() => dom1.write('/a/1/2/3/4', ''))).toBe('ENOSPC');
    expect(dom0.directory('/a')).toEqual([]);
    expect(outcome(() => dom1.write('/a/1/2/3', ''))).toBe('OK');
  });

  test('watches', () => {
    const { dom1, connect } = newStore();
    expect(admitted((i) => dom1.watch('x', String(i)))).toBe(128);
    expect(outcome(() => connect(1).watch('y', 't'))).toBe('ENOSPC');
    dom1.unwatch('x', '5');
    expect(outcome(() => connect(1).watch('y', 't'))).toBe('OK');
  });

  test('transactions, over all connections of a domain', () => {
    const { dom1, connect } = newStore();
    const other = connect(1);
    expect(admitted((i) => void (i % 2 ? dom1 : other).transactionStart())).toBe(10);
    dom1.transactionEnd(1, false);
    expect(outcome(() => other.transactionStart())).toBe('OK');
  });

  test('nodes touched per transaction', () => {
    const { dom0, dom1 } = newStore();
    seed(dom0, '/a', '', 'r0');
    const tx = dom1.transactionStart();
    // The answer for a missing node rests on its parent too.
    expect(admitted((i) => void outcomeIsAbsent(() => dom1.read(`/a/${i}`, tx)))).toBe(1023);
    expect(outcome(() => dom1.transactionEnd(tx, true))).toBe('ENOMEM');
  });

  test('node size: header, permission entries and value', () => {
    const { dom0, dom1 } = newStore();
    seed(dom0, '/a', '', 'n1');
    expect(outcome(() => dom1.write('/a', 'x'.repeat(2016)))).toBe('OK');
    expect(outcome(() => dom1.write('/a', 'x'.repeat(2017)))).toBe('ENOSPC');
    expect(outcome(() => dom1.write('/a/b', 'x'.repeat(2017)))).toBe('ENOSPC');
    expect(outcome(() => dom1.setPerms('/a', ['n1', 'r2']))).toBe('ENOSPC');
    dom1.write('/a', 'x'.repeat(2008));
    expect(outcome(() => dom1.setPerms('/a', ['n1', 'r2']))).toBe('OK');
  });

  test('permission entries', () => {
    const { dom0, dom1 } = newStore();
    seed(dom0, '/a', '', 'n1');
    const entries = (n: number) => Array.from({ length: n }, (_, i) => (i === 0 ? 'n1' : 'r2'));
    expect(outcome(() => dom1.setPerms('/a', entries(5)))).toBe('OK');
    expect(outcome(() => dom1.setPerms('/a', entries(6)))).toBe('ENOSPC');
  });

  test('path length', () => {
    const { dom0, dom1 } = newStore({ quotas: { 'path-max': 10 } });
    seed(dom0, '/local/domain/1', '', 'n1');
    expect(outcome(() => dom1.write('0123456789', ''))).toBe('OK');
    expect(outcome(() => dom1.write('0123456789a', ''))).toBe('EINVAL');
  });

  test('removing is allowed over quota', () => {
    const { dom0, dom1, store } = newStore({ quotas: { nodes: 1, 'node-size': 40 } });
    seed(dom0, '/a', 'much longer than it may be', 'n1');
    seed(dom0, '/a/b', '', 'n1');
    expect(store.usage(1)?.nodes).toBe(2);
    expect(outcome(() => dom1.rm('/a/b'))).toBe('OK');
  });

  test('domain 0 is exempt', () => {
    const { dom0, store } = newStore({
      quotas: { nodes: 1, watches: 1, transactions: 1, 'node-size': 1, permissions: 1, 'transaction-nodes': 1 },
    });
    const tx = dom0.transactionStart();
    dom0.transactionStart();
    for (let i = 0; i < 10; i++) {
      dom0.write(`/a/${i}`, 'value', tx);
      dom0.watch('/', String(i));
    }
    dom0.setPerms('/a', ['n0', 'r1', 'r2'], tx);
    dom0.transactionEnd(tx, true);
    expect(dom0.directory('/a')).toHaveLength(10);
    expect(store.check()).toEqual([]);
  });

  test('an owner change moves the account', () => {
    const { dom0, store } = newStore();
    seed(dom0, '/a/b', '', 'n1');
    expect(store.usage(1)?.nodes).toBe(1);
    dom0.setPerms('/a/b', ['n2']);
    expect([store.usage(1)?.nodes, store.usage(2)?.nodes]).toEqual([0, 1]);
    dom0.rm('/a');
    expect(store.usage(2)?.nodes).toBe(0);
    expect(store.check()).toEqual([]);
  });
});

/** Passes a missing node, and nothing else, as success. */
function outcomeIsAbsent(action: () => unknown): void {
  if (outcome(action) !== 'ENOENT') action();
}
