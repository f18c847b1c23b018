// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { PAGE_SIZE } from '../../src/hv/contract.ts';
import { loadFrames } from '../../src/hv/frames-vector.ts';
import { connectHypercalls } from '../../src/hv/hypercalls.ts';
import { end } from '../support/hv-lending.ts';
import { FLOOD_PAGES, publishReference } from '../support/hv-lending-programs.ts';
import { until } from '../support/hv-machine.ts';
import { startThreadedMachine } from '../support/hv-threads.ts';
import { createWords, WORD } from '../support/hv-words.ts';

const QUOTA = 2 * FLOOD_PAGES;

/** An owner here, that lends pages, and a user in a thread that sends pages to them without end. */
async function flood(seed: number) {
  const machine = startThreadedMachine();
  const { hv } = machine;
  const words = createWords();
  const owner = connectHypercalls(hv.createDomain(1, QUOTA, { ownThread: false }));
  const pages = (await owner.frames.pool(FLOOD_PAGES)).alloc(FLOOD_PAGES)!;
  const registration = owner.lending.register(pages, { rights: 'write' })!;
  publishReference(words, 1, registration.reference);
  void machine.run(hv.createDomain(2, QUOTA), 'pagesFlood', { words, port: 0, rounds: 0, seed });
  await until(() => Atomics.load(words, WORD.count) > 200);
  return {
    machine,
    words,
    registration,
    content: () => {
      const seen = new Uint8Array(FLOOD_PAGES * PAGE_SIZE);
      loadFrames(pages, 0, seen);
      return seen;
    },
    [Symbol.asyncDispose]: () => machine[Symbol.asyncDispose](),
  };
}

test.each([1, 2, 3])('unregistering pages is a fence for who sends pages to them (seed %i)', async (seed) => {
  await using run = await flood(seed);
  const fence = end(run.registration);
  await fence.fence;
  const before = run.content();
  // The user goes on, writes to what it shared, and is refused.
  await until(() => Atomics.load(run.words, WORD.held) > 1000);
  expect(Buffer.compare(run.content(), before)).toBe(0);
  await run.machine.kill(2);
  expect(run.machine.hv.checkFrames()).toEqual([]);
  expect(Buffer.compare(run.content(), before)).toBe(0);
});

test.each([4, 5, 6, 7, 8, 9])('a user that is killed while it sends pages keeps nobody out (seed %i)', async (seed) => {
  await using run = await flood(seed);
  await run.machine.kill(2);
  expect(run.machine.hv.checkFrames()).toEqual([]);
  const { pages, references } = run.machine.hv.frameUsage();
  expect(pages).toBe(references);
  const before = run.content();
  await end(run.registration).fence;
  expect(Buffer.compare(run.content(), before)).toBe(0);
});

test('an owner that dies while others send pages to it leaves nothing behind', async () => {
  await using run = await flood(10);
  run.machine.hv.destroyDomain(1);
  await until(() => Atomics.load(run.words, WORD.held) > 100);
  await run.machine.kill(2);
  await until(() => run.machine.hv.frameUsage().pages === 0);
  expect(run.machine.hv.checkFrames()).toEqual([]);
});
