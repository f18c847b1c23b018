// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { startThreadedMachine } from '../support/hv-threads.ts';
import { createWords } from '../support/hv-words.ts';

const ROUNDS = 100_000;

describe('no wake-up is lost between two threads', () => {
  test.each([
    ['asleep before each event', { asleep: true, busy: false }],
    ['anywhere on its way to sleep', { asleep: false, busy: false }],
    ['kept busy by events of its own', { asleep: false, busy: true }],
  ])('with the consumer %s', async (_what, { asleep, busy }) => {
    await using machine = startThreadedMachine();
    const words = createWords();
    const [producer, consumer] = [machine.add(1), machine.add(2)];
    const { near, far } = machine.hv.bindPair(1, 2);
    const consumed = machine.run<number>(consumer, 'consume', { words, port: far, rounds: ROUNDS, busy });
    const task = { words, port: near, rounds: ROUNDS, ...(asleep ? { sleeper: consumer.info } : {}) };
    expect(await machine.run<number>(producer, 'produce', task)).toBe(0);
    expect(await consumed).toBe(0);
    expect(machine.hv.counters(1, near).sent).toBe(ROUNDS);
  });
});
