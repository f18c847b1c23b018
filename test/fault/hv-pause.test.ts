// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { connectHypercalls } from '../../src/hv/hypercalls.ts';
import { until } from '../support/hv-machine.ts';
import { startThreadedMachine, type ThreadedMachine } from '../support/hv-threads.ts';
import { createWords, WORD } from '../support/hv-words.ts';

/** Domain 0 in the test's thread, a domain 2 that counts its events, and a domain 3 whose echoes measure time. */
async function scene(machine: ThreadedMachine, busy: boolean) {
  const { hv } = machine;
  const words = createWords();
  const [control, counter, clock] = [machine.add(0), machine.add(2), machine.add(3)];
  const toCounter = hv.bindPair(0, 2);
  const toClock = hv.bindPair(0, 3);
  const { evtchn } = connectHypercalls(control);
  await evtchn.status(toClock.near);
  let echoes = 0;
  evtchn.listen(toClock.near, () => {
    echoes++;
  });
  void machine.run(clock, 'echo', { words, port: toClock.far, rounds: 0 });
  void machine.run(counter, 'count', { words, port: toCounter.far, rounds: 0, busy });
  const count = (): number => Atomics.load(words, WORD.count);
  await until(() => count() > 0 && echoes > 0);

  /** Lets another domain answer so often. */
  async function answers(number: number): Promise<void> {
    for (let i = 0; i < number; i++) {
      const before = echoes;
      evtchn.notify(toClock.near);
      await until(() => echoes > before);
    }
  }
  return { hv, count, answers, send: () => evtchn.notify(toCounter.near) };
}

describe('pause', () => {
  test('holds back all events of a domain that slept; unpause hands it one', async () => {
    await using machine = startThreadedMachine();
    const { hv, count, answers, send } = await scene(machine, false);
    for (let round = 0; round < 20; round++) {
      await until(() => hv.isBlocked(2));
      const before = count();
      hv.pause(2);
      for (let i = 0; i < 50; i++) {
        send();
        await answers(1);
      }
      expect(count()).toBe(before);
      hv.unpause(2);
      await until(() => count() > before && hv.isBlocked(2));
      expect(count()).toBe(before + 1);
    }
  });

  test('stops a domain that never sleeps, at its next turn', async () => {
    await using machine = startThreadedMachine();
    const { hv, count, answers, send } = await scene(machine, true);
    for (let round = 0; round < 20; round++) {
      hv.pause(2);
      const before = count();
      for (let i = 0; i < 50; i++) {
        send();
        await answers(2);
      }
      // The round of events that was under way may still end, however late its thread gets a processor.
      expect(count()).toBeLessThanOrEqual(before + 1);
      hv.unpause(2);
      const resumed = count();
      send();
      await until(() => count() > resumed);
    }
  });

  test('and unpause in a row, ten thousand times, leave it running', async () => {
    await using machine = startThreadedMachine();
    const { hv, count, send } = await scene(machine, false);
    for (let i = 0; i < 10_000; i++) {
      hv.pause(2);
      if (i % 3 === 0) send();
      hv.unpause(2);
    }
    const before = count();
    await until(() => {
      send();
      return count() > before;
    });
  });

  test('does not keep a domain from being destroyed', async () => {
    await using machine = startThreadedMachine();
    const { hv, answers } = await scene(machine, true);
    hv.pause(2);
    await answers(20);
    await machine.kill(2);
    expect(hv.domids()).toEqual([0, 3]);
    await answers(20);
  });
});
