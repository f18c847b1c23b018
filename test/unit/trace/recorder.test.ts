// SPDX-License-Identifier: Apache-2.0

import { setTimeout as delay } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { createTraceMemory, placeOf, stopTrace, viewsOf, WRITTEN } from '../../../src/trace/memory.ts';
import { POINT, POINT_LIST, TEXT } from '../../../src/trace/points.ts';
import { copyTrace, readTrace } from '../../../src/trace/read.ts';
import { createRecorder } from '../../../src/trace/recorder.ts';
import { until } from '../../support/hv-machine.ts';

const RECORDS = 16;

function recording(records = RECORDS) {
  const memory = createTraceMemory(records);
  const recorder = createRecorder();
  recorder.record(memory);
  return { memory, recorder, read: () => readTrace(copyTrace(memory), records) };
}

test('is off until it is given memory, and again without', () => {
  const recorder = createRecorder();
  expect(recorder.on).toBe(false);
  recorder.record(createTraceMemory(RECORDS));
  expect(recorder.on).toBe(true);
  recorder.record(undefined);
  expect(recorder.on).toBe(false);
});

test('what is recorded all the same while it is off goes nowhere', () => {
  const { recorder, read } = recording();
  recorder.record(undefined);
  recorder.mark(POINT.notify, 1, 2, 3);
  recorder.text(POINT.controlAsk, 1, 2, 'x');
  expect(read()).toEqual({ records: [], dropped: 0 });
});

test('nothing is recorded once its memory is stopped, though nobody told the recorder', () => {
  const { memory, recorder, read } = recording();
  recorder.mark(POINT.notify, 1);
  stopTrace(memory);
  const stopped = read();
  recorder.mark(POINT.notify, 2);
  expect(recorder.on).toBe(false);
  expect(read()).toEqual(stopped);
  recorder.record(createTraceMemory(RECORDS));
  expect(recorder.on).toBe(true);
});

test('records come back as they were written, oldest first', () => {
  const { recorder, read } = recording();
  const start = recorder.now();
  recorder.mark(POINT.notify, 5, 0, 7);
  recorder.span(POINT.drain, start, -1, 64);
  recorder.text(POINT.controlAsk, 3, 4, 'VBD_FE INTERFACE_STATUS');
  const { records, dropped } = read();
  expect(dropped).toBe(0);
  expect(records.map(({ point, words, text }) => [point.name, words, text])).toEqual([
    ['notify', [5, 0, 7], ''],
    ['drain ring', [-1, 64], ''],
    ['ask', [3, 4], 'VBD_FE INTERFACE_STATUS'],
  ]);
  expect(records[1]!.start).toBe(start);
  expect(records[1]!.took).toBeGreaterThan(0);
  expect(records[0]!.took).toBe(0);
});

test('a text that does not fit is cut off', () => {
  const { recorder, read } = recording();
  recorder.text(POINT.controlAsk, 0, 0, 'x'.repeat(100));
  expect(read().records[0]!.text).toBe('x'.repeat(40));
});

/** A recorder for which so many microseconds pass from one look at the clock to the next. */
function ticking(step: number) {
  const memory = createTraceMemory(RECORDS);
  let time = 0;
  const recorder = createRecorder(() => () => (time += step));
  recorder.record(memory);
  const read = () => readTrace(copyTrace(memory), RECORDS).records;
  return { recorder, read, last: () => read().map(({ point }) => point.name) };
}

test('of spans in a row each begins where the one before ended, also when others are recorded within', () => {
  const { recorder, read } = ticking(1);
  const start = recorder.now();
  for (let id = 0; id < 3; id++) {
    const from = recorder.last();
    recorder.mark(POINT.ask, 1, id);
    recorder.span(POINT.done, recorder.now(), 1, id);
    recorder.span(POINT.serve, from, 1, id);
  }
  const serves = read().filter(({ point }) => point.name === 'serve');
  // Four looks at the clock for each.
  expect(serves.map(({ start, took }) => [start, took])).toEqual([
    [start, 4],
    [start + 4, 4],
    [start + 8, 4],
  ]);
  expect(recorder.last()).toBe(start + 12);
});

test('who has much to record pauses, says so, and goes on', async () => {
  const { recorder, last } = ticking(1);
  let count = 0;
  while (recorder.on && count < 100_000) recorder.mark(POINT.handle, count++);
  // What was saved up is recorded at once, and then no more than the share.
  expect(count).toBeGreaterThan(5000);
  expect(count).toBeLessThan(20_000);
  expect(last().slice(-2)).toEqual(['handle event', 'recording paused']);
  await until(() => recorder.on);
  recorder.mark(POINT.handle, 1);
  expect(last().slice(-3)).toEqual(['recording paused', 'recording resumed', 'handle event']);
});

test('who has less never pauses', () => {
  const { recorder } = ticking(2);
  for (let count = 0; count < 200_000; count++) recorder.mark(POINT.handle, count);
  expect(recorder.on).toBe(true);
});

test.each([
  ['stops', undefined, false],
  ['begins anew', createTraceMemory(RECORDS), true],
])('recording that %s during a pause does not go on where it was', async (_what, next, on) => {
  const { recorder, last } = ticking(1);
  while (recorder.on) recorder.mark(POINT.handle, 1);
  const paused = last();
  recorder.record(next);
  await delay(30);
  expect(recorder.on).toBe(on);
  expect(last()).toEqual(paused);
});

test.each([0, 1, 8, 9, 24, 25, 40])(
  'a text of %i characters is whole, and takes nothing from its neighbours',
  (length) => {
    const { recorder, read } = recording();
    const text = 'abcdefghij'.repeat(4).slice(0, length);
    recorder.mark(POINT.handle, 1);
    recorder.text(POINT.controlAsk, 2, 3, text);
    recorder.text(POINT.controlDone, 2, 3, text);
    recorder.mark(POINT.handle, 4);
    const { records, dropped } = read();
    expect(dropped).toBe(0);
    expect(records.map(({ words, text }) => [words, text])).toEqual([
      [[1], ''],
      [[2, 3], text],
      [[2, 3], text],
      [[4], ''],
    ]);
  },
);

test('the rest of a text whose beginning was overwritten is one more that is lost', () => {
  const { recorder, read } = recording();
  recorder.text(POINT.controlAsk, 2, 3, 'x'.repeat(40));
  for (let port = 0; port < RECORDS - 4; port++) recorder.mark(POINT.handle, port);
  expect(read().records[0]).toMatchObject({ words: [2, 3], text: 'x'.repeat(40) });
  recorder.mark(POINT.handle, RECORDS - 4);
  const { records, dropped } = read();
  expect(records.map(({ words }) => words[0])).toEqual(Array.from({ length: RECORDS - 3 }, (_, port) => port));
  expect(dropped).toBe(3);
});

test('the oldest are overwritten and counted; the place of the next is not read', () => {
  const { recorder, read } = recording();
  for (let port = 0; port < 3 * RECORDS + 5; port++) recorder.mark(POINT.handle, port);
  const { records, dropped } = read();
  expect(records.map(({ words }) => words[0])).toEqual(
    Array.from({ length: RECORDS - 1 }, (_, index) => 2 * RECORDS + 6 + index),
  );
  expect(dropped).toBe(3 * RECORDS + 5 - records.length);
});

test('the count goes on beyond 2^32', () => {
  const { memory, recorder, read } = recording();
  Atomics.store(viewsOf(memory).words, WRITTEN, -2);
  recorder.record(memory);
  for (let port = 0; port < 4; port++) recorder.mark(POINT.handle, port);
  const { records, dropped } = read();
  expect(records.at(-1)!.words).toEqual([3]);
  expect(dropped + records.length).toBe(2 ** 32 + 2);
});

test('whoever scribbles in the memory is seen as less records, not as an error', () => {
  const { memory, recorder, read } = recording();
  recorder.mark(POINT.handle, 1);
  recorder.mark(POINT.handle, 2);
  const { words } = viewsOf(memory);
  for (let word = placeOf(0, RECORDS); word < placeOf(1, RECORDS); word++) words[word] = 0x7fffffff;
  expect(read().records.map(({ words }) => words)).toEqual([[2]]);
  for (const written of [-1, 1_000_000, 0]) {
    for (const rest of [-1, 0x7fffffff, -(2 ** 31)]) {
      words.fill(rest);
      words[WRITTEN] = written;
      const { records, dropped } = read();
      expect(records).toEqual([]);
      expect(dropped).toBeGreaterThanOrEqual(0);
    }
  }
});

test('a copy holds whole records only, while another thread writes as fast as it can', async () => {
  const memory = createTraceMemory(RECORDS);
  const source = `
    const { workerData, parentPort } = require('node:worker_threads');
    Promise.all([import(workerData.recorder), import(workerData.points)]).then(([{ createRecorder }, { POINT }]) => {
      const recorder = createRecorder();
      recorder.record(workerData.memory);
      for (let count = 0; ; count = (count + 1) | 0) recorder.mark(POINT.notify, count, count, count);
    });`;
  const module = (name: string) => new URL(`../../../src/trace/${name}.ts`, import.meta.url).href;
  const workerData = { memory, recorder: module('recorder'), points: module('points') };
  const worker = new Worker(source, { eval: true, workerData });
  let read = 0;
  let dropped = 0;
  while (read < 2000 || dropped < 100_000) {
    const copy = readTrace(copyTrace(memory), RECORDS);
    // It pauses once, which has no words.
    for (const { point, words } of copy.records) expect(new Set(words).size).toBe(point.words.length === 0 ? 0 : 1);
    read += copy.records.length;
    dropped = copy.dropped;
    await new Promise(setImmediate);
  }
  await worker.terminate();
});

test('each point has at most as many words as a record, and a text only at the end', () => {
  for (const { words } of POINT_LIST) {
    expect(words.length).toBeLessThanOrEqual(3);
    expect([-1, words.length - 1]).toContain(words.indexOf(TEXT));
  }
  expect(Object.values(POINT)).toEqual(POINT_LIST.map((_, code) => code));
});
