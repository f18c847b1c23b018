// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';

test.each([
  ['loopback', 4],
  // A view for each message of Argo, which holds whatever was put since the last flush.
  ['argo', 8],
])('two million transactions and messages over %s allocate no object each', async (channel, limit) => {
  const worker = new Worker(new URL('../../support/idc-allocation.ts', import.meta.url), {
    execArgv: [],
    workerData: channel,
  });
  const [bytesForEach] = await once(worker, 'message');
  // An object has 16 bytes at the least, 8 on the average if only transactions or only messages made one. What little there
  // is belongs to whole batches, and to the compiler.
  expect(bytesForEach).toBeLessThan(limit);
});
