// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { createEventHub, type EventHub, type Guard } from '../../../src/hv/event-hub.ts';
import {
  createSharedInfo,
  isSleeping,
  MAX_PORTS,
  MAX_SERVING_PORTS,
  portsOf,
  type SharedInfo,
  setPaused,
  setPending,
  takePending,
} from '../../../src/hv/shared-info.ts';
import { createRecorder } from '../../../src/trace/recorder.ts';
import { until } from '../../support/hv-machine.ts';

const bare: Guard = (run) => run();

/** A board with domains on it, each with its memory and dispatcher. */
function seated(slots: readonly number[], guard: Guard = bare) {
  const board = createSharedInfo();
  const hub: EventHub = createEventHub(board);
  const domains = slots.map((slot) => {
    const info = createSharedInfo(MAX_PORTS, { board, slot });
    return { info, events: hub.join(info, createRecorder(), guard) };
  });
  return { board, domains };
}

/** Notes who handled which port. */
function note(domains: readonly { readonly events: { listen: EventHubListen } }[], ports: readonly number[]): string[] {
  const seen: string[] = [];
  domains.forEach(({ events }, index) => {
    for (const port of ports) events.listen(port, () => void seen.push(`${index}:${port}`));
  });
  return seen;
}
type EventHubListen = (port: number, handler: (() => void) | undefined) => void;

describe('domains of one thread', () => {
  test('get their own events, and no other', async () => {
    const { domains } = seated([0, 1, 31, 32, 1023]);
    const seen = note(domains, [1, 1023]);
    setPending(domains[2]!.info, 1023);
    setPending(domains[4]!.info, 1);
    setPending(domains[4]!.info, 2);
    await until(() => seen.length === 2);
    expect(seen.sort()).toEqual(['2:1023', '4:1']);
  });

  test('sleep together, and are woken by an event of any of them', async () => {
    const { board, domains } = seated([3, 700]);
    const seen = note(domains, [5]);
    for (let round = 1; round <= 3; round++) {
      await until(() => isSleeping({ ...board, seat: undefined }));
      expect(domains.map(({ info }) => isSleeping(info))).toEqual([true, true]);
      setPending(domains[1]!.info, 5);
      await until(() => seen.length === round);
    }
    expect(seen).toEqual(['1:5', '1:5', '1:5']);
  });

  test('go on while one is paused, which loses nothing', async () => {
    const { domains } = seated([0, 1]);
    const seen = note(domains, [1, 2]);
    const [still, awake] = domains as [(typeof domains)[0], (typeof domains)[0]];
    setPaused(still.info, true);
    setPending(still.info, 1);
    setPending(awake.info, 2);
    await until(() => seen.length === 1);
    setPending(still.info, 2);
    setPending(awake.info, 1);
    await until(() => seen.length === 2);
    expect(seen).toEqual(['1:2', '1:1']);
    setPaused(still.info, false);
    await until(() => seen.length === 4);
    expect(seen.slice(2).sort()).toEqual(['0:1', '0:2']);
  });

  test('handle theirs while another polls, even from inside a handler', async () => {
    const { domains } = seated([0, 1, 2]);
    const [asks, answers, third] = domains as [(typeof domains)[0], (typeof domains)[0], (typeof domains)[0]];
    const seen: string[] = [];
    answers.events.listen(1, () => {
      seen.push('asked');
      setPending(asks.info, 2);
    });
    third.events.listen(1, () => void seen.push('third'));
    asks.events.listen(2, () => void seen.push('answered'));
    asks.events.listen(1, () => {
      setPending(answers.info, 1);
      while (!seen.includes('answered')) asks.events.poll();
    });
    setPending(asks.info, 1);
    setPending(third.info, 1);
    await until(() => seen.length === 3);
    expect(seen.indexOf('asked')).toBeLessThan(seen.indexOf('answered'));
    expect(asks.events.poll()).toBe(false);
  });

  test('one that throws loses nobody anything', async () => {
    const errors: unknown[] = [];
    const { domains } = seated([0, 1], (run) => {
      try {
        return run();
      } catch (error) {
        errors.push(error);
        return undefined;
      }
    });
    const seen = note(domains, [1, 2]);
    domains[1]!.events.listen(3, () => {
      throw new Error('mine');
    });
    for (const port of [1, 2, 3]) for (const { info } of domains) setPending(info, port);
    await until(() => seen.length === 4 && errors.length === 1);
    expect(seen.sort()).toEqual(['0:1', '0:2', '1:1', '1:2']);
  });

  test('one that has left gets nothing, and its seat may be taken', async () => {
    const { board, domains } = seated([0, 1]);
    const seen = note(domains, [1]);
    domains[0]!.events.stop();
    setPending(domains[0]!.info, 1);
    setPending(domains[1]!.info, 1);
    await until(() => seen.length === 1);
    expect(seen).toEqual(['1:1']);
    expect(isSleeping(domains[0]!.info)).toBe(isSleeping({ ...board, seat: undefined }));
  });
});

test('a domain that serves many has ports of its own for each', () => {
  const info: SharedInfo = createSharedInfo(MAX_SERVING_PORTS);
  expect(portsOf(info)).toBe(MAX_SERVING_PORTS);
  const ports = [1, 31, 32, 1023, 1024, 4095, 4096, MAX_SERVING_PORTS - 1];
  for (const port of ports) setPending(info, port);
  const taken: number[] = [];
  takePending(info, (port) => void taken.push(port));
  expect(taken.sort((a, b) => a - b)).toEqual(ports);
  expect(takePending(info, () => {})).toBe(false);
});

test('the memory of a domain is small', () => {
  expect(createSharedInfo().words.byteLength).toBeLessThan(16 * 1024);
});
