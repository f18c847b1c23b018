// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { DEFAULT_QUOTAS } from '../../../src/idc/contract.ts';
import type { Terms } from '../../../src/idc/rendezvous-carrier.ts';
import { createLoans } from '../../../src/idc/rendezvous-loans.ts';
import { lendConnection, mapConnection } from '../../../src/idc/rendezvous-memory.ts';
import { startMachine } from '../../support/hv-machine.ts';

const NOTHING = { pages: 0, ports: 0, grants: 0, mappings: 0 };
const terms = (domid: number, more: Partial<Terms> = {}): Terms => ({
  ...{ domid, quotas: DEFAULT_QUOTAS, tag: '1-x.1 2-y.1' },
  ...more,
});

/** Two domains, the first of which lends to the second. */
function pair() {
  const machine = startMachine([1, 2]);
  const [granter, mapper] = [machine.dom(1), machine.dom(2)];
  const loans = createLoans(granter, () => () => {});
  const borrower = { address: 'place', domid: 2 };
  const lend = (more?: Partial<Terms>) =>
    lendConnection(granter, terms(2, more), (lent) => loans.takeBack(borrower, lent));
  return { machine, granter, mapper, loans, lend, [Symbol.dispose]: machine[Symbol.dispose] };
}

test('lent and mapped, then given back in either order', async () => {
  using all = pair();
  const lent = await all.lend();
  const mapped = await mapConnection(all.mapper, terms(1), lent.offer!);
  await lent.release();
  expect([all.loans.held('place', 2), all.loans.held('place', 3), all.loans.held('other')]).toEqual([
    true,
    false,
    false,
  ]);
  await mapped.release();
  await all.loans.sweep();
  expect(all.loans.held('place')).toBe(false);
  for (const domid of [1, 2]) expect(all.machine.hv.usage(domid)).toMatchObject(NOTHING);

  const again = await all.lend();
  await (await mapConnection(all.mapper, terms(1), again.offer!)).release();
  await again.release();
  for (const domid of [1, 2]) expect(all.machine.hv.usage(domid)).toMatchObject(NOTHING);
});

test.each<readonly [string, Partial<Terms>, string]>([
  ['another connection', { tag: '1-x.2 2-y.1' }, 'belongs to another connection'],
  ['other limits', { quotas: { ...DEFAULT_QUOTAS, bodyBytes: 64 } }, 'memory of another shape'],
])('memory of %s is not used', async (_name, other, reason) => {
  using all = pair();
  const lent = await all.lend(other);
  await expect(mapConnection(all.mapper, terms(1), lent.offer!)).rejects.toThrow(reason);
  expect(all.machine.hv.usage(2)).toMatchObject(NOTHING);
});

test('memory that was never prepared, or is too small, is not used', async () => {
  using all = pair();
  const extent = await all.granter.memory.alloc(0);
  const gref = await all.granter.gnttab.grantAccess(2, extent);
  const port = await all.granter.evtchn.allocUnbound(2);
  await expect(mapConnection(all.mapper, terms(1), { gref, port })).rejects.toThrow('another shape');
  expect(all.machine.hv.usage(2)).toMatchObject(NOTHING);
});

test('an offer whose event channel is gone leaves nothing at the mapper', async () => {
  using all = pair();
  const lent = await all.lend();
  await expect(mapConnection(all.mapper, terms(1), { ...lent.offer!, port: 77 })).rejects.toThrow('event channel');
  expect(all.machine.hv.usage(2)).toMatchObject(NOTHING);
});

test('what cannot be lent whole is not lent', async () => {
  using machine = startMachine([1, 2], 8);
  const back: unknown[] = [];
  const attempt = lendConnection(
    machine.dom(1),
    terms(2, { quotas: { ...DEFAULT_QUOTAS, bodyBytes: 1024 } }),
    async (loan) => void back.push(loan),
  );
  await expect(attempt).rejects.toThrow('pages asked for');
  expect(back).toEqual([]);
  expect(machine.hv.usage(1)).toMatchObject(NOTHING);
});
