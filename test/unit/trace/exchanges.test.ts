// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { channelNumber } from '../../../src/trace/channel.ts';
import { findExchanges } from '../../../src/trace/exchanges.ts';
import { createTraceMemory } from '../../../src/trace/memory.ts';
import { POINT } from '../../../src/trace/points.ts';
import { createRecorder } from '../../../src/trace/recorder.ts';

const CHANNEL = channelNumber(1234, 'back');

function recorded(records = 16) {
  const memory = createTraceMemory(records);
  const recorder = createRecorder();
  recorder.record(memory);
  return { memory, recorder };
}

test('when transactions were asked and done, of this channel alone', () => {
  const { memory, recorder } = recorded();
  recorder.mark(POINT.ask, CHANNEL, 1);
  recorder.mark(POINT.ask, CHANNEL, 2);
  recorder.mark(POINT.ask, channelNumber(1234, 'front'), 3);
  recorder.mark(POINT.serve, CHANNEL, 3);
  recorder.mark(POINT.done, CHANNEL, 1);
  const found = findExchanges(memory, CHANNEL, [1, 2, 3]);
  expect(found.get(1)!.done).toBeGreaterThanOrEqual(found.get(1)!.asked!);
  expect(found.get(2)).toEqual({ asked: expect.any(Number) });
  expect(found.get(3)).toEqual({});
});

test('a number that was used again is the newer one', () => {
  const { memory, recorder } = recorded();
  recorder.mark(POINT.ask, CHANNEL, 1);
  recorder.mark(POINT.done, CHANNEL, 1);
  const { asked } = findExchanges(memory, CHANNEL, [1]).get(1)!;
  recorder.mark(POINT.ask, CHANNEL, 1);
  const again = findExchanges(memory, CHANNEL, [1]).get(1)!;
  expect(again.done).toBeUndefined();
  expect(again.asked).toBeGreaterThanOrEqual(asked!);
});

test('what has gone is not there', () => {
  const { memory, recorder } = recorded(4);
  recorder.mark(POINT.ask, CHANNEL, 1);
  for (let count = 0; count < 4; count++) recorder.mark(POINT.notify, 1);
  expect(findExchanges(memory, CHANNEL, [1]).get(1)).toEqual({});
});
