// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { connectHypercalls } from '../../src/hv/hypercalls.ts';
import { until } from '../support/hv-machine.ts';
import { startThreadedMachine } from '../support/hv-threads.ts';
import { createWords, tell, WORD } from '../support/hv-words.ts';

const EVENTS = 1_000_000;

test('a million events during one handler are one event after it', async () => {
  await using machine = startThreadedMachine();
  const words = createWords();
  const [sender, victim] = [machine.add(1), machine.add(2)];
  const { near, far } = machine.hv.bindPair(1, 2);
  const dom = connectHypercalls(sender);
  await dom.evtchn.status(near);
  void machine.run(victim, 'hold', { words, port: far, rounds: 0 });
  await until(() => Atomics.load(words, WORD.held) === 1);
  for (let i = 0; i < EVENTS; i++) dom.evtchn.notify(near);
  tell(words, WORD.done, 1);
  await until(() => Atomics.load(words, WORD.count) > 1);
  await until(() => machine.hv.isBlocked(2));
  expect(machine.hv.counters(1, near).sent).toBe(EVENTS);
  expect(Atomics.load(words, WORD.count)).toBe(2);
});

test('a storm on one port loses no event of another domain', async () => {
  await using machine = startThreadedMachine();
  const [stormWords, words] = [createWords(), createWords()];
  const [attacker, victim, friend] = [machine.add(1), machine.add(2), machine.add(3)];
  const loud = machine.hv.bindPair(1, 2);
  const quiet = machine.hv.bindPair(3, 2);
  const rounds = 5000;
  const consumed = machine.run<number>(victim, 'consume', { words, port: quiet.far, rounds });
  const stormed = machine.run<number>(attacker, 'storm', { words: stormWords, port: loud.near, rounds: EVENTS });
  expect(await machine.run<number>(friend, 'produce', { words, port: quiet.near, rounds })).toBe(0);
  expect(await consumed).toBe(0);
  tell(stormWords, WORD.done, 1);
  const sent = await stormed;
  expect(sent).toBeGreaterThanOrEqual(EVENTS);
  expect(machine.hv.counters(2, loud.far).received).toBeLessThanOrEqual(sent + 1);
});
