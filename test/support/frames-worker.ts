// SPDX-License-Identifier: Apache-2.0
import { workerData } from 'node:worker_threads';
import { type FrameVector, PAGE_SIZE } from '../../src/hv/contract.ts';
import { openFramePool } from '../../src/hv/frames-pool.ts';
import { copyFrames, createFrameVector, discardFrames, loadFrames, saveFrames } from '../../src/hv/frames-vector.ts';
import { FRAME_WORDS, type FrameTask, LENT_PAGES } from './frames-task.ts';
import { seededRandom } from './random.ts';

/** Pages that it shows to nobody. */
const OWN_PAGES = 8;

/** Starts every word of what nobody else may ever see. */
const SECRET = 0x5ec00000;

/** A domain that shares, writes and drops pages of its own and of all others at random, until its thread is ended. */
function run({ index, doors, words, seed }: FrameTask): void {
  const { below } = seededRandom(seed);
  const door = doors[index]!;
  const { mover } = door;
  const pool = openFramePool(door);
  pool.alloc(LENT_PAGES);
  const lent: FrameVector[] = doors.map(({ id, words: at }) =>
    createFrameVector({ pool: { id, words: at, mover }, slot: 0, pages: LENT_PAGES }),
  );
  const bytes = new Uint8Array(12 * PAGE_SIZE);
  const numbers = new Uint32Array(bytes.buffer);

  /** Writes a secret to pages that nobody else names, and gives them back. */
  function keepSecret(): void {
    const own = pool.alloc(OWN_PAGES)!;
    numbers.fill(SECRET + index + 1);
    saveFrames(own, 0, bytes.subarray(0, OWN_PAGES * PAGE_SIZE));
    pool.free(own);
  }

  function look(vector: FrameVector): void {
    bytes.fill(0);
    loadFrames(vector, below(LENT_PAGES - 12) * PAGE_SIZE, bytes);
    for (const number of numbers) {
      if (number >>> 20 === SECRET >>> 20) Atomics.store(words, FRAME_WORDS.stolen, number);
    }
  }

  function copy(one: FrameVector, other: FrameVector): void {
    const pages = below(2) === 0 ? LENT_PAGES : 1 + below(LENT_PAGES / 2);
    const from = below(LENT_PAGES - pages + 1) * PAGE_SIZE;
    const to = below(10) < 7 ? from : below(LENT_PAGES - pages + 1) * PAGE_SIZE;
    const odd = below(5) === 0 ? 1 + below(PAGE_SIZE - 1) : 0;
    copyFrames(one, from, other, to, pages * PAGE_SIZE - odd, below(10) < 9);
  }

  while (Atomics.load(words, FRAME_WORDS.stop) === 0) {
    const [one, other] = [lent[below(lent.length)]!, lent[below(lent.length)]!];
    const action = below(10);
    try {
      if (action < 5) copy(one, other);
      else if (action < 7) {
        numbers.fill(index + 1);
        saveFrames(one, below((LENT_PAGES - 12) * PAGE_SIZE), bytes.subarray(0, 1 + below(bytes.length)));
      } else if (action < 8) discardFrames(other, below(LENT_PAGES / 2) * PAGE_SIZE, (LENT_PAGES / 2) * PAGE_SIZE);
      else if (action < 9) keepSecret();
      else look(one);
    } catch (error) {
      // A pool whose domain is gone is what the test is about; all else is not.
      if ((error as { code?: string }).code !== 'EBADF') throw error;
    }
    Atomics.add(words, FRAME_WORDS.rounds + index, 1);
  }
  Atomics.add(words, FRAME_WORDS.stopped, 1);
}

run(workerData as FrameTask);
