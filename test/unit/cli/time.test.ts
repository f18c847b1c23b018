// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { duration, moment, shortDuration } from '../../../src/cli/time.ts';

describe('duration', () => {
  test.each([
    [0, ' 0:00:00', ' 0:00'],
    [59.99, ' 0:00:59', ' 0:00'],
    [1527, ' 0:25:27', ' 0:25'],
    [43_200, '12:00:00', '12:00'],
    [90_065, '1 day,  1:01:05', '1 day,  1:01'],
    [172_799, '1 day, 23:59:59', '1 day, 23:59'],
    [172_800, '2 days,  0:00:00', '2 days,  0:00'],
  ])('%d seconds', (seconds, long, short) => {
    expect(duration(seconds)).toBe(long);
    expect(shortDuration(seconds)).toBe(short);
  });
});

describe('moment', () => {
  const now = Date.UTC(2026, 10, 21, 12);

  test.each([
    ['90s', 90],
    ['10m', 600],
    ['1h30m', 5400],
    ['2d', 172_800],
    ['1.5h', 5400],
    ['1w', 604_800],
    ['-10m', 600],
    ['now', 0],
  ])('%s back', (text, seconds) => {
    expect(moment(text, now)).toBe(now - seconds * 1000);
  });

  test('dates, with a zone and without', () => {
    expect(moment('2026-11-21T10:00:00Z', now)).toBe(Date.UTC(2026, 10, 21, 10));
    expect(moment('2026-11-21T10:00:00+02:00', now)).toBe(Date.UTC(2026, 10, 21, 8));
    expect(moment('2026-11-21', now)).toBe(new Date(2026, 10, 21).getTime());
    expect(moment('2026-11-21 10:30', now)).toBe(new Date(2026, 10, 21, 10, 30).getTime());
  });

  test('this day and the one before, and times of this one, all local', () => {
    const { year, month, day } = { year: 2026, month: 10, day: new Date(now).getDate() };
    expect(moment('today', now)).toBe(new Date(year, month, day).getTime());
    expect(moment('yesterday', now)).toBe(new Date(year, month, day - 1).getTime());
    expect(moment('9:05', now)).toBe(new Date(year, month, day, 9, 5).getTime());
    expect(moment('23:59:58', now)).toBe(new Date(year, month, day, 23, 59, 58).getTime());
  });

  test.each(['', 'Tuesday', 'constructor', '24:00', '12:60', '-', '10', '10x', 'm', '2026-13-45', '1.2.3h'])(
    '%j is no time',
    (text) => {
      expect(() => moment(text, now)).toThrow(/is not a time/);
    },
  );
});
