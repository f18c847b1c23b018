// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { GAUGE_BYTES, type Gauge, gaugeAt, LATENCY_BUCKETS, readGauge, requestTimer } from '../../../src/ring/gauge.ts';

function makeGauge(): Gauge {
  return gaugeAt(new SharedArrayBuffer(GAUGE_BYTES), 0);
}

test('says since when a request waits, and when its answer came', () => {
  const gauge = makeGauge();
  const timer = requestTimer(gauge);
  const before = performance.timeOrigin + performance.now();
  timer.begin();
  const { waitingSince, ...rest } = readGauge(gauge);
  expect(waitingSince).toBeGreaterThanOrEqual(before);
  expect(rest).toEqual({ waits: 0, answeredAt: 0, latency: new Array(LATENCY_BUCKETS).fill(0) });
  timer.end();
  timer.wait();
  const { answeredAt, latency, ...after } = readGauge(gauge);
  expect(answeredAt).toBeGreaterThanOrEqual(waitingSince);
  expect(latency.reduce((sum, count) => sum + count, 0)).toBe(1);
  expect(after).toEqual({ waits: 1, waitingSince: 0 });
});

test.each([
  ['of some milliseconds', 5, 13],
  ['of a second', 1000, 20],
  ['of two hours', 7_200_000, LATENCY_BUCKETS - 1],
])('an answer %s finds its bucket', (_, milliseconds, bucket) => {
  const gauge = makeGauge();
  const timer = requestTimer(gauge);
  timer.begin();
  gauge.times[0] = performance.timeOrigin + performance.now() - milliseconds;
  timer.end();
  expect(readGauge(gauge).latency.map((count, at) => (count > 0 ? at : 0))).toContain(bucket);
});

test('what a hostile owner writes is read as numbers of the right range', () => {
  const gauge = makeGauge();
  gauge.times[0] = Number.POSITIVE_INFINITY;
  gauge.times[1] = Number.NaN;
  gauge.words[4] = -1;
  const { waitingSince, answeredAt, waits } = readGauge(gauge);
  expect(waitingSince).toBeLessThanOrEqual(performance.timeOrigin + performance.now());
  expect({ answeredAt, waits }).toEqual({ answeredAt: 0, waits: 0xffff_ffff });
});
