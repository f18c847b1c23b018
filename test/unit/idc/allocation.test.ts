// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';

test('two million transactions and messages allocate no object each', async () => {
  const worker = new Worker(new URL('../../support/idc-allocation.ts', import.meta.url), { execArgv: [] });
  const [bytesForEach] = await once(worker, 'message');
  // An object has 16 bytes at the least, 8 on the average if only transactions or only messages made one. What little there
  // is belongs to whole batches, and to the compiler.
  expect(bytesForEach).toBeLessThan(4);
});
