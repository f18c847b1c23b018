// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import type { Quotas } from '../../src/idc/contract.ts';
import { createNet } from '../support/idc-net.ts';

// The topologies of test/fuzz/idc-deadlock.test.ts in threads, one for each domain.
const QUOTAS: Quotas = { inFlight: 1, bodyBytes: 8, registrations: 0 };

test('[13] each the other’s back end over one connection, saturated, quota 1', async () => {
  await using net = createNet([['0', 1, 2]], QUOTAS);
  const both = [1, 2].map((domid) => net.run<number>(domid, 'beBusy', 3000));
  expect(await Promise.all(both)).toEqual([0, 0]);
});

test('[14] five back ends stacked, the last in the first domain, every connection used both ways, quota 1', async () => {
  const domains = [1, 2, 3, 4, 5];
  await using net = createNet(
    domains.map((domid) => [String(domid), domid, (domid % 5) + 1]),
    QUOTAS,
  );
  const all = domains.map((domid) => net.run<number>(domid, 'beBusy', 300));
  expect(await Promise.all(all)).toEqual([0, 0, 0, 0, 0]);
});

test('[15] one endpoint whose receiver has stopped for ever, and another between the same domains', async () => {
  await using net = createNet(
    [
      ['stopped', 1, 2],
      ['free', 1, 2],
    ],
    QUOTAS,
  );
  void net.run(2, 'serveOne', 0);
  expect(await net.run(1, 'callFree', 3000)).toEqual([0, 3000]);
});
