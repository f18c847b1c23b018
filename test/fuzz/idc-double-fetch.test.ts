// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import type { Quotas } from '../../src/idc/contract.ts';
import { initControl, layoutOf } from '../../src/idc/layout.ts';
import { createRingChannel } from '../../src/idc/ring-channel.ts';
import { RING_HEADER } from '../../src/ring/request-ring.ts';
import type { FlipperSetup } from '../support/idc-flipper.ts';
import { SILENT_BELL } from '../support/idc-pairs.ts';

const QUOTAS: Quotas = { inFlight: 4, bodyBytes: 64, registrations: 0 };

test('[26] a length that another thread changes all the time is checked and used as one value', async () => {
  const control = new SharedArrayBuffer(layoutOf(QUOTAS).controlBytes);
  initControl(control, QUOTAS);
  const words = new Int32Array(control);
  const ring = layoutOf(QUOTAS).ring(control, 'front').base / 4;
  const slot = ring + RING_HEADER / 4;
  words[slot] = 1;
  words[slot + 2] = 4;
  words[ring] = 1;
  const setup: FlipperSetup = { buffer: control, word: slot + 2, values: [4, 0x7fffffff] };
  const flipper = new Worker(new URL('../support/idc-flipper.ts', import.meta.url), {
    workerData: setup,
    execArgv: [],
  });
  await once(flipper, 'message');
  const lengths = new Map<number, number>();
  let broken = 0;
  const deadline = performance.now() + 10_000;
  // Each try is a new channel over the same memory, as a broken one looks no more.
  for (let tries = 0; tries < 20_000 || (lengths.size === 0 && performance.now() < deadline); tries++) {
    const channel = createRingChannel({ control, quotas: QUOTAS, side: 'back' }, SILENT_BELL);
    channel.open({
      request: (_kind, _id, _memory, _offset, length) => lengths.set(length, 1 + (lengths.get(length) ?? 0)),
      reply() {},
      delivered() {},
      broken: () => broken++,
    });
    channel.poll();
    channel.close();
  }
  await flipper.terminate();
  expect([...lengths.keys()]).toEqual([4]);
  expect(broken).toBeGreaterThan(0);
});
