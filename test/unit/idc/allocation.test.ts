// SPDX-License-Identifier: Apache-2.0
import { getHeapStatistics } from 'node:v8';
import { expect, test } from 'vitest';
import { createEndpoint } from '../../../src/idc/endpoint.ts';
import { createLoopback } from '../../../src/idc/loopback-channel.ts';

/** Bytes that this thread has ever allocated on its heap, freed or not. */
function allocated(): number {
  return (getHeapStatistics() as unknown as { total_allocated_bytes: number }).total_allocated_bytes;
}

test('a million transactions and a million messages allocate nothing worth mention', () => {
  const front = createEndpoint();
  const back = createEndpoint({
    onTransaction: (transaction) => transaction.complete(transaction.parameters[0]!, 8),
    onMessage: (message) => message.complete(),
  });
  const pair = createLoopback(front.quotas);
  front.appear();
  back.appear();
  front.connect(pair.front);
  back.connect(pair.back);
  const body = new Uint8Array(64);
  let [completed, wanted] = [0, 0];
  const sent = (): void => {
    completed++;
  };
  // More than the quota, so that the queue is used too.
  const transactions = Array.from({ length: 40 }, () => front.transaction());
  const run = (rounds: number): void => {
    for (let round = 0; round < rounds; round++) {
      // By index: an iterator's results would be counted too.
      for (let index = 0; index < transactions.length; index++) {
        const transaction = transactions[index]!;
        transaction.parametersLength = 64;
        front.submit(transaction, sent);
        front.post(body, sent);
      }
      wanted += 2 * transactions.length;
      while (completed < wanted) {
        back.poll();
        front.poll();
      }
    }
  };
  run(5000);
  const before = allocated();
  run(25_000);
  // One object for each would be 16 bytes each at the least, and there are two million of them.
  expect(allocated() - before).toBeLessThan(2_000_000 * 2);
  expect(completed).toBe(wanted);
});
