// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import type { AllocationResult, AllocationTask } from '../../support/idc-allocation.ts';

test.each<readonly [string, AllocationTask, number]>([
  ['ten million transactions and messages over loopback', { channel: 'loopback', runs: 100 }, 4],
  // A view for each message of Argo, which holds whatever was put since the last flush.
  ['two million over argo', { channel: 'argo', runs: 20 }, 8],
])('[17] %s leave nothing, and allocate no object each', async (_, task, limit) => {
  const worker = new Worker(new URL('../../support/idc-allocation.ts', import.meta.url), {
    execArgv: [],
    workerData: task,
  });
  const [{ each, growth }] = (await once(worker, 'message')) as [AllocationResult];
  // An object has 16 bytes at the least, 8 on the average if only transactions or only messages made one. What little there
  // is belongs to whole batches, and to the compiler.
  expect(each).toBeLessThan(limit);
  // Four bytes for each would be more than six million.
  expect(growth).toBeLessThan(200_000);
});
