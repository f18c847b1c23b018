// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { type TracedThread, traceEvents } from '../../../src/trace/events.ts';
import { TRACE_POINTS, type TracePoint } from '../../../src/trace/points.ts';
import type { TraceRecord } from '../../../src/trace/read.ts';
import { faultsOf } from '../../support/trace-schema.ts';

const { notify, handle, ask, serve, answer, done, controlAsk, paused, resumed } = TRACE_POINTS;

function record(point: TracePoint, start: number, words: readonly number[], took = 0, text = ''): TraceRecord {
  return { point, start, took, words, text };
}

function thread(domid: number, ...records: readonly TraceRecord[]): TracedThread {
  return { domid, name: `d${domid}`, dropped: 0, records };
}

function eventsOf(...threads: readonly TracedThread[]) {
  const events = [...traceEvents(threads)];
  expect(faultsOf(events)).toEqual([]);
  return events;
}

const phases = (events: ReturnType<typeof eventsOf>, ph: string) => events.filter((event) => event.ph === ph);

test('a transaction is a span at both ends, and two arrows between them', () => {
  const front = thread(1, record(ask, 1000, [8, 5]), record(done, 1030, [8, 5], 2));
  const back = thread(0, record(serve, 1010, [8, 5], 12), record(answer, 1020, [8, 5]));
  const events = eventsOf(front, back);
  expect(phases(events, 's').map(({ pid, ts }) => [pid - 1, ts])).toEqual([
    [1, 0],
    [0, 20],
  ]);
  expect(phases(events, 'f').map(({ pid, ts }) => [pid - 1, ts])).toEqual([
    [0, 10],
    [1, 30],
  ]);
  expect(phases(events, 'b').map(({ pid, ts }) => [pid - 1, ts])).toEqual([
    [1, 0],
    [0, 10],
  ]);
  expect(phases(events, 'e').map(({ pid, ts }) => [pid - 1, ts])).toEqual([
    [0, 20],
    [1, 30],
  ]);
});

test('what began before its domain paused has no end that was recorded, and is not shown as if it went on', () => {
  const front = thread(
    1,
    record(ask, 1, [8, 5]),
    record(notify, 2, [3, 2, 4]),
    record(paused, 3, []),
    record(resumed, 9, []),
    record(done, 10, [8, 5]),
    record(ask, 11, [8, 6]),
    record(handle, 20, [1]),
  );
  const back = thread(2, record(notify, 2, [4, 1, 1]), record(handle, 4, [4]), record(serve, 4.5, [8, 5]));
  const events = eventsOf(front, back);
  // The request after the pause, and what the other end, which did not pause, has not answered.
  expect(phases(events, 'b').map(({ pid, ts }) => [pid - 1, ts])).toEqual([
    [2, 3.5],
    [1, 10],
  ]);
  expect(phases(events, 'e')).toEqual([]);
  // Of the events the one from the domain that paused, to one that did not.
  expect(phases(events, 's').map(({ name, ts }) => [name, ts])).toEqual([
    ['transaction', 0],
    ['evtchn', 1],
  ]);
});

test('both ends in one domain are told apart', () => {
  const both = thread(
    3,
    record(ask, 1, [8, 5]),
    record(serve, 2, [8, 5]),
    record(answer, 3, [8, 5]),
    record(done, 4, [8, 5]),
  );
  expect(phases(eventsOf(both), 's')).toHaveLength(2);
});

test('the same number in both directions is two transactions', () => {
  const one = thread(1, record(ask, 1, [8, 5]), record(serve, 12, [9, 5]));
  const two = thread(2, record(ask, 2, [9, 5]), record(serve, 11, [8, 5]));
  expect(phases(eventsOf(one, two), 'f').map(({ pid, ts }) => [pid - 1, ts])).toEqual([
    [2, 10],
    [1, 11],
  ]);
});

test('events that coalesce have one arrow, from the first', () => {
  const sender = thread(1, record(notify, 10, [4, 2, 7]), record(notify, 11, [4, 2, 7]), record(notify, 30, [4, 2, 7]));
  const receiver = thread(2, record(handle, 15, [7], 3), record(handle, 20, [8]), record(handle, 31, [7]));
  const events = eventsOf(sender, receiver);
  expect(phases(events, 's').map(({ ts }) => ts)).toEqual([0, 20]);
  expect(phases(events, 'f').map(({ ts }) => ts)).toEqual([5, 21]);
});

test('what lost its other end has no arrow; what has not ended has a beginning', () => {
  const events = eventsOf(
    thread(1, record(ask, 5, [8, 5]), record(done, 9, [8, 4])),
    thread(2, record(answer, 7, [8, 3]), record(handle, 8, [1])),
  );
  expect(events.filter(({ ph }) => ph === 's' || ph === 'f' || ph === 'e')).toEqual([]);
  expect(phases(events, 'b')).toHaveLength(1);
});

test('a number that is used again belongs to the last use', () => {
  const front = thread(1, record(ask, 5, [8, 5]), record(ask, 20, [8, 5]));
  const [head] = phases(eventsOf(front, thread(2, record(serve, 25, [8, 5]))), 's');
  expect(head!.ts).toBe(15);
});

test('spans lie within each other although records are written when they end', () => {
  const events = eventsOf(
    thread(1, record(serve, 12, [8, 5], 3), record(handle, 10, [7], 20), record(serve, 16, [8, 6], 3)),
  );
  expect(phases(events, 'X').map(({ name }) => name)).toEqual(['handle event', 'serve', 'serve']);
});

test('a text is part of the name, words are arguments, unsigned', () => {
  const [event] = phases(eventsOf(thread(1, record(controlAsk, 5, [-2, 5], 0, 'VBD_FE STATUS'))), 'X');
  expect(event).toMatchObject({ name: 'ask VBD_FE STATUS', args: { channel: 2 ** 32 - 2, id: 5 }, dur: 0.001 });
});

test('dropped records are said at the domain; nothing at all is a file too', () => {
  const events = eventsOf({ ...thread(1), dropped: 17 });
  expect(events.find(({ name }) => name === 'process_labels')?.args).toEqual({ labels: '17 older records dropped' });
  expect(eventsOf()).toEqual([]);
});

test.each([
  ['a time that goes back', [{ ts: 5 }, { ts: 4 }]],
  [
    'a span that is half in another',
    [
      { ts: 1, dur: 5 },
      { ts: 3, dur: 9 },
    ],
  ],
  ['an arrow without its end', [{ ts: 1 }, { ph: 's', id: 1, ts: 1 }]],
  ['an arrow at no span', [{ ph: 's', id: 1, ts: 1 }, { ts: 2 }, { ph: 'f', bp: 'e', id: 1, ts: 2 }]],
  ['an end without a beginning', [{ ph: 'e', id: 1, ts: 1 }]],
  ['an unknown phase', [{ ph: 'Q', ts: 1 }]],
  ['no time', [{ ts: Number.NaN }]],
])('the schema of these tests sees %s', (_what, parts) => {
  const common = { ph: 'X', name: 'n', cat: 'c', ts: 0, dur: 1, pid: 1, tid: 1 };
  expect(faultsOf(parts.map((part) => ({ ...common, ...part })) as never)).not.toEqual([]);
});
