// SPDX-License-Identifier: Apache-2.0
import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { PAGE_SIZE } from '../../src/hv/contract.ts';
import { createFrames } from '../../src/hv/frames.ts';
import { openFramePool } from '../../src/hv/frames-pool.ts';
import { createFrameVector, loadFrames } from '../../src/hv/frames-vector.ts';
import { createDomainMemory } from '../../src/hv/memory.ts';
import { FRAME_WORDS, type FrameTask, LENT_PAGES } from '../support/frames-task.ts';
import { MACHINE_MEMORY } from '../support/hv-machine.ts';
import { seededRandom } from '../support/random.ts';

const ENTRY = new URL('../support/frames-worker.ts', import.meta.url);
const DOMAINS = 4;

/** What a thread threw: nothing that it waits for will come true. */
let thrown: unknown;

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) {
    if (thrown !== undefined) throw thrown;
    await nextTurn();
  }
}

/** Domains that move each other's frames, in threads of their own. */
function start(seed: number) {
  const frames = createFrames(MACHINE_MEMORY);
  const words = new Int32Array(new SharedArrayBuffer(4 * (FRAME_WORDS.rounds + DOMAINS)));
  const doors = Array.from({ length: DOMAINS }, (_, index) =>
    frames.createPool({ domid: index + 1, memory: createDomainMemory(512) }, 256),
  );
  const threads = doors.map((_, index) => {
    const workerData: FrameTask = { index, doors, words, seed: seed * 100 + index };
    return new Worker(ENTRY, { workerData }).on('error', (error) => {
      thrown ??= error;
    });
  });
  const rounds = (index: number) => Atomics.load(words, FRAME_WORDS.rounds + index);
  return {
    frames,
    words,
    doors,
    rounds,
    moved: (index: number, by: number) => {
      const from = rounds(index);
      return until(() => rounds(index) >= from + by);
    },
    kill: (index: number) => threads[index]!.terminate(),
    stop: async (living: number) => {
      Atomics.store(words, FRAME_WORDS.stop, 1);
      await until(() => Atomics.load(words, FRAME_WORDS.stopped) === living);
    },
  };
}

const SEEDS = Array.from({ length: 12 }, (_, index) => index + 1);

test.each(SEEDS)(
  'domains are ended while they move frames, two of four (seed %i): every count is right',
  async (seed) => {
    const { below } = seededRandom(seed);
    const machine = start(seed);
    const { frames, words } = machine;
    await Promise.all([0, 1, 2, 3].map((index) => machine.moved(index, 30)));
    await delay(below(4));
    // Both are dead before the hypervisor hears of either.
    await Promise.all([machine.kill(0), machine.kill(1)]);
    frames.settle(1);
    frames.settle(2);
    // Nobody waits for the dead: their pages can be used until they are given back.
    await Promise.all([machine.moved(2, 50), machine.moved(3, 50)]);
    frames.release(1);
    await Promise.all([machine.moved(2, 50), machine.moved(3, 50)]);
    await machine.stop(2);
    expect(frames.check()).toEqual([]);
    frames.release(2);
    expect(frames.check()).toEqual([]);
    const { pages, references } = frames.usage();
    expect(pages).toBeGreaterThan(0);
    expect(references).toBeLessThanOrEqual(2 * LENT_PAGES);
    expect(Atomics.load(words, FRAME_WORDS.stolen)).toBe(0);
    frames.release(3);
    frames.release(4);
    expect(frames.check()).toEqual([]);
    // The first pool goes a moment later if the living were at work in it.
    await until(() => frames.usage().pages === 0);
    expect(frames.usage()).toEqual({ pages: 0, references: 0, shared: 0, saved: 0 });
    expect(frames.check()).toEqual([]);
  },
);

test('a pool that somebody dead was working at goes as soon as that one is settled', async () => {
  const machine = start(99);
  const { frames, doors } = machine;
  await machine.moved(3, 30);
  await Promise.all([0, 1, 2, 3].map(machine.kill));
  const [words, mover] = [doors[0]!.words, doors[3]!.mover];
  // Whatever each of them was doing is put right; only this lock is left.
  for (const domid of [1, 2, 3, 4]) frames.settle(domid);
  Atomics.store(words, 0, mover.holder);
  frames.release(1);
  expect(frames.check()).toEqual([]);
  frames.release(4);
  const vector = createFrameVector({ pool: { id: doors[0]!.id, words, mover: doors[1]!.mover }, slot: 0, pages: 1 });
  const looksAt = () => loadFrames(vector, 0, new Uint8Array(PAGE_SIZE));
  await until(() => {
    try {
      looksAt();
      return false;
    } catch {
      return true;
    }
  });
  expect(looksAt).toThrow('gone');
  expect(openFramePool(doors[1]!).alloc(1)).toBeDefined();
  expect(frames.check()).toEqual([]);
});
