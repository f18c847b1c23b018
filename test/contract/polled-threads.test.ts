// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { type Quotas, TRANSPORT } from '../../src/idc/contract.ts';
import { until } from '../support/hv-machine.ts';
import { createNet } from '../support/idc-net.ts';

const QUOTAS: Quotas = { inFlight: 1, bodyBytes: 8, registrations: 0 };

test('[29] 5000 polled calls with the event channel masked, then one without polling', async () => {
  await using net = createNet([['link', 1, 2]], QUOTAS);
  void net.run(2, 'serve', 0);
  expect(await net.run(1, 'callMasked', 5000)).toEqual([5000, TRANSPORT.ok]);
});

describe.each(['ring', 'argo'] as const)('polled calls over %s', (channel) => {
  test('[29] of two ends at each other are answered, with a quota of one', async () => {
    await using net = createNet([['link', 1, 2]], QUOTAS, channel);
    const both = [net.run<number>(1, 'callEachOther', 3000), net.run<number>(2, 'callEachOther', 3000)];
    expect(await Promise.all(both)).toEqual([3000, 3000]);
  });

  test('block the thread, and end when the peer dies', async () => {
    await using net = createNet([['link', 1, 2]], QUOTAS, channel);
    void net.run(2, 'swallow', 0);
    const verdict = net.run(1, 'callOnce', 0);
    await until(() => Atomics.load(net.calling, 0) === 1 && net.hv.isBlocked(1));
    await net.kill(2);
    expect(await verdict).toBe(TRANSPORT.disconnected);
  });
});

test('a caller that blocks goes on when the peer closes the event channel', async () => {
  await using net = createNet([['link', 1, 2]], QUOTAS);
  void net.run(2, 'swallow', 0);
  const verdict = net.run(1, 'callOnce', 0);
  await until(() => Atomics.load(net.calling, 0) === 1 && net.hv.isBlocked(1));
  net.hv.closePort(2, 1);
  expect(await verdict).toBe(TRANSPORT.disconnected);
});

test('a caller that blocks is paused, and goes on after it', async () => {
  await using net = createNet([['link', 1, 2]], QUOTAS);
  const verdict = net.run(1, 'callOnce', 0);
  await until(() => Atomics.load(net.calling, 0) === 1 && net.hv.isBlocked(1));
  net.hv.pause(1);
  await until(() => !net.hv.isBlocked(1));
  void net.run(2, 'serve', 0);
  net.hv.unpause(1);
  expect(await verdict).toBe(TRANSPORT.ok);
});
