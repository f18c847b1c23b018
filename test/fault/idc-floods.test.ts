// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import type { Quotas } from '../../src/idc/contract.ts';
import { createEndpoint } from '../../src/idc/endpoint.ts';
import { initControl, layoutOf } from '../../src/idc/layout.ts';
import { createRingChannel } from '../../src/idc/ring-channel.ts';
import { ECHO } from '../support/idc-endpoints.ts';
import { createNet } from '../support/idc-net.ts';
import { SILENT_BELL } from '../support/idc-pairs.ts';

const QUOTAS: Quotas = { inFlight: 4, bodyBytes: 24, registrations: 0 };

test('[18] a domain that asks as much as it can for ever keeps no other from its answers', async () => {
  await using net = createNet(
    [
      ['flood', 3, 2],
      ['free', 1, 2],
    ],
    QUOTAS,
  );
  void net.run(2, 'serve', 0);
  void net.run(3, 'flood', 0);
  expect(await net.run(1, 'callFree', 2000)).toEqual([0, 2000]);
  expect(net.hv.counters(2, 1).received).toBeGreaterThan(0);
});

test('[26] a thread scribbles over all that is shared: the connection breaks, visibly and once, and the next one works', async () => {
  const control = new SharedArrayBuffer(layoutOf(QUOTAS).controlBytes);
  const scribbler = new Worker(new URL('../support/idc-scribbler.ts', import.meta.url), {
    execArgv: [],
    workerData: control,
  });
  await once(scribbler, 'message');
  let [broken, submitted, completed] = [0, 0, 0];
  const victim = createEndpoint({ quotas: QUOTAS, ...ECHO, onBroken: () => broken++ });
  victim.appear();
  const connections = 3000;
  for (let connection = 0; connection < connections; connection++) {
    const before = broken;
    const side = connection % 2 === 0 ? 'front' : 'back';
    victim.connect(createRingChannel({ control, quotas: QUOTAS, side }, SILENT_BELL));
    for (let look = 0; look < 200 && broken === before; look++) {
      if (look % 8 === 0) {
        submitted++;
        victim.submit(victim.transaction(), () => completed++);
      }
      victim.poll();
    }
    expect(broken - before).toBeLessThanOrEqual(1);
    await victim.disconnect();
    expect(completed).toBe(submitted);
  }
  await scribbler.terminate();
  // Nearly each of them saw an index that cannot be.
  expect(broken).toBeGreaterThan(connections / 2);

  initControl(new Int32Array(control).fill(0).buffer, QUOTAS);
  const peer = createEndpoint({ quotas: QUOTAS, ...ECHO });
  peer.appear();
  victim.connect(createRingChannel({ control, quotas: QUOTAS, side: 'front' }, SILENT_BELL));
  peer.connect(createRingChannel({ control, quotas: QUOTAS, side: 'back' }, SILENT_BELL));
  let answered = 0;
  for (let number = 0; number < 10; number++) victim.submit(victim.transaction(), () => answered++);
  for (let look = 0; look < 20; look++) {
    peer.poll();
    victim.poll();
  }
  expect(answered).toBe(10);
});
