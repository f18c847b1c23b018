// SPDX-License-Identifier: Apache-2.0

// Measures what the data path allocates, in a thread that has run nothing else: what other tests taught the engine's compiler
// would count too. Posts the bytes for each transaction or message, the least of several runs, and by how many bytes what
// lives on the heap has grown between a fifth of the runs and their end.
import { getHeapStatistics } from 'node:v8';
import { parentPort, workerData } from 'node:worker_threads';
import { createEndpoint } from '../../src/idc/endpoint.ts';
import { collectGarbage } from './garbage.ts';
import { argoPair, loopbackPair } from './idc-pairs.ts';

const ROUNDS = 1250;

/** What to measure; a run has 100,000 transactions and messages. */
export interface AllocationTask {
  readonly channel: 'loopback' | 'argo';
  readonly runs: number;
}

/** What came out, in bytes. */
export interface AllocationResult {
  readonly each: number;
  readonly growth: number;
}

const { channel, runs } = workerData as AllocationTask;
const front = createEndpoint();
const back = createEndpoint({
  onTransaction: (transaction) => transaction.complete(transaction.parameters[0]!, 8),
  onMessage: (message) => message.complete(),
});
const pair = await { loopback: loopbackPair, argo: argoPair }[channel](front.quotas);
front.appear();
back.appear();
front.connect(pair.front);
back.connect(pair.back);
const body = new Uint8Array(64);
// More than the quota, so that the queue is used too.
const transactions = Array.from({ length: 40 }, () => front.transaction());
let [completed, wanted] = [0, 0];

function sent(): void {
  completed++;
}

function run(): void {
  for (let round = 0; round < ROUNDS; round++) {
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
}

/** Bytes that this thread has ever allocated on its heap, freed or not. */
function allocated(): number {
  return (getHeapStatistics() as unknown as { total_allocated_bytes: number }).total_allocated_bytes;
}

/** Bytes of what lives on this thread's heap. */
function living(): number {
  collectGarbage();
  return getHeapStatistics().used_heap_size;
}

let least = Number.POSITIVE_INFINITY;
let early = 0;
for (let number = 0; number < runs; number++) {
  if (number === Math.floor(runs / 5)) early = living();
  const before = allocated();
  run();
  least = Math.min(least, (allocated() - before) / (2 * transactions.length * ROUNDS));
}
parentPort!.postMessage({ each: least, growth: living() - early } satisfies AllocationResult);
