// SPDX-License-Identifier: Apache-2.0

// A peer that changes one shared word between two values as fast as it can, until its thread is terminated.
import { parentPort, workerData } from 'node:worker_threads';

/** What the thread is given. */
export interface FlipperSetup {
  readonly buffer: SharedArrayBuffer;
  /** Index of the word. */
  readonly word: number;
  readonly values: readonly [number, number];
}

const { buffer, word, values } = workerData as FlipperSetup;
const words = new Int32Array(buffer);
parentPort!.postMessage('flipping');
for (let turn = 0; ; turn++) Atomics.store(words, word, values[turn & 1]!);
