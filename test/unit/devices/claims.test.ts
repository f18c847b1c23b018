// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { createClaimTable } from '../../../src/devices/claims.ts';
import type { Claim } from '../../../src/devices/contract.ts';

const WEB = 'domain web1 (xvda)';
const claim = (mode: Claim['mode'], resource = '1:2') => ({ resource, mode, what: 'file:/x.img' });

/** What a second claim is told while a first one stands. */
const RULES: readonly [first: Claim['mode'], second: Claim['mode'], refusal: string | undefined][] = [
  ['r', 'r', undefined],
  ['r', 'w', 'file:/x.img is in read-only use by domain web1 (xvda)'],
  ['r', 'w!', undefined],
  ['w', 'r', 'file:/x.img is in writable use by domain web1 (xvda)'],
  ['w', 'w', 'file:/x.img is in writable use by domain web1 (xvda)'],
  ['w', 'w!', undefined],
  ['w!', 'r', 'file:/x.img is in writable use by domain web1 (xvda)'],
  ['w!', 'w', 'file:/x.img is in writable use by domain web1 (xvda)'],
  ['w!', 'w!', undefined],
];

describe('the claim table', () => {
  test.each(RULES)('%s, then %s: %s', (first, second, refusal) => {
    const table = createClaimTable();
    table.take(claim(first), WEB);
    const take = () => table.take(claim(second), 'domain web2 (xvda)');
    if (refusal === undefined) expect(take).not.toThrow();
    else expect(take).toThrow(expect.objectContaining({ name: 'XmError', code: 'EBUSY', message: refusal }));
  });

  test('a writer among readers is the one that is named', () => {
    const table = createClaimTable();
    table.take(claim('r'), WEB);
    table.take(claim('w!'), 'domain web2 (xvdb)');
    expect(() => table.take(claim('w'), 'domain web3 (xvda)')).toThrow('in writable use by domain web2 (xvdb)');
  });

  test('other resources are of no concern', () => {
    const table = createClaimTable();
    table.take(claim('w'), WEB);
    expect(() => table.take(claim('w', '1:3'), WEB)).not.toThrow();
  });

  test('a refused claim leaves nothing behind', () => {
    const table = createClaimTable();
    table.take(claim('r'), WEB);
    expect(() => table.take(claim('w'), 'domain web2 (xvda)')).toThrow();
    expect(() => table.take(claim('r'), 'domain web3 (xvda)')).not.toThrow();
  });

  test('release ends all uses of an owner, and only of that one', () => {
    const table = createClaimTable();
    table.take(claim('r'), WEB);
    table.take(claim('w', '1:3'), WEB);
    table.take(claim('r'), 'domain web2 (xvda)');
    table.release(WEB);
    table.release('domain unheard-of (xvda)');
    expect(() => table.take(claim('w', '1:3'), 'domain web3 (xvda)')).not.toThrow();
    expect(() => table.take(claim('w'), 'domain web3 (xvda)')).toThrow('in read-only use by domain web2 (xvda)');
  });

  test('a claim without a name is called by its resource', () => {
    const table = createClaimTable();
    table.take({ resource: 'port:80', mode: 'w' }, WEB);
    expect(() => table.take({ resource: 'port:80', mode: 'w' }, WEB)).toThrow('port:80 is in writable use by');
  });
});
