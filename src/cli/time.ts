// SPDX-License-Identifier: Apache-2.0
import { XmError } from '../errors.ts';

const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };
const DURATION = /^-?(?:\d+(?:\.\d+)?[smhdw])+$/;
/** Days before this one, as journalctl calls them. */
const DAYS: Readonly<Record<string, number>> = { today: 0, yesterday: 1 };
const CLOCK = /^([01]?\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?$/;
const DATE = /^\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?$/i;

/**
 * A span of time for people, as `xm uptime` shows it (spec/xend.md 4.3): ` 0:25:27`, `1 day,  1:01:05`.
 *
 * @param seconds not negative; fractions are cut.
 */
export function duration(seconds: number): string {
  const days = Math.floor(seconds / 86_400);
  return `${dayPrefix(days)}${hours(seconds)}:${two(Math.floor(seconds) % 60)}`;
}

/** The same without seconds, as `xm uptime -s` shows it. */
export function shortDuration(seconds: number): string {
  return `${dayPrefix(Math.floor(seconds / 86_400))}${hours(seconds)}`;
}

/**
 * A moment as users of journalctl and docker type it: a span back from now (`90s`, `10m`, `1h30m`, `-2d`), `now`, `today`,
 * `yesterday` (their first moment), a time of this day (`14:30`), or a date (`2026-11-21`, `2026-11-21T10:00:00Z`; without a
 * zone it is local time).
 *
 * @param now milliseconds since 1970.
 * @returns milliseconds since 1970.
 * @throws XmError `ETIME` when it is none of them.
 */
export function moment(text: string, now: number): number {
  if (DURATION.test(text)) {
    let seconds = 0;
    for (const [, count, unit] of text.matchAll(/([\d.]+)([smhdw])/g)) seconds += Number(count) * SECONDS[unit!]!;
    return now - seconds * 1000;
  }
  if (text === 'now') return now;
  const days = Object.hasOwn(DAYS, text) ? DAYS[text] : undefined;
  if (days !== undefined) return atClock(now, days, 0, 0, 0);
  const [clock, hour, minute, second = 0] = CLOCK.exec(text) ?? [];
  if (clock !== undefined) return atClock(now, 0, Number(hour), Number(minute), Number(second));
  // A date alone would be read as UTC, a date with a time as local: both are local here.
  const time = DATE.test(text) ? Date.parse(text.length === 10 ? `${text}T00:00` : text) : Number.NaN;
  if (Number.isNaN(time)) {
    throw new XmError('ETIME', `'${text}' is not a time.`, {
      hint: 'for example 10m, 1h30m, 2d, yesterday, 14:30 or 2026-11-21T10:00:00Z',
    });
  }
  return time;
}

/** A local time of a day. @param daysBack days before the day of `now` */
function atClock(now: number, daysBack: number, ...clock: [hour: number, minute: number, second: number]): number {
  const day = new Date(now);
  return new Date(day.getFullYear(), day.getMonth(), day.getDate() - daysBack, ...clock).getTime();
}

function dayPrefix(days: number): string {
  if (days === 0) return '';
  return days === 1 ? '1 day, ' : `${days} days, `;
}

function hours(seconds: number): string {
  const minutes = Math.floor(seconds / 60);
  return `${String(Math.floor(minutes / 60) % 24).padStart(2)}:${two(minutes % 60)}`;
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}
