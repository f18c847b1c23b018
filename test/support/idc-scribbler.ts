// SPDX-License-Identifier: Apache-2.0

// Writes random words over all of a shared area, as fast as it can, until its thread is terminated.
import { parentPort, workerData } from 'node:worker_threads';
import { seededRandom } from './random.ts';

const words = new Int32Array(workerData as SharedArrayBuffer);
const random = seededRandom(26);
/** Values that get further than most: small ones, and those around the ends of the numbers. */
const NEAR = [0, 1, 2, 3, 4, 5, 8, 16, 255, -1, -2, 0x7fffffff, -0x80000000];

parentPort!.postMessage('scribbling');
for (;;) {
  const value = random.below(2) === 0 ? NEAR[random.below(NEAR.length)]! : random.below(0x7fffffff);
  Atomics.store(words, random.below(words.length), value);
}
