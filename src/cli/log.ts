// SPDX-License-Identifier: Apache-2.0
import { XmError } from '../errors.ts';
import type { XendApi } from '../xend/contract.ts';
import { LOG_LEVELS, parseRecord } from '../xend/log-line.ts';
import { usageError } from './failure.ts';
import { readPattern } from './pattern.ts';
import { queryOf } from './query.ts';
import { moment } from './time.ts';

/** What `-f` shows of the past when nobody says how much: following means what comes. */
const FOLLOW_LINES = 10;

/** Levels as they are typed. */
export const LEVELS: readonly string[] = LOG_LEVELS.map((level) => level.toLowerCase());

/** Options of `xm log`, as typed. */
export interface LogOptions {
  readonly lines?: number | undefined;
  readonly since?: string | undefined;
  readonly until?: string | undefined;
  /** One of {@link LEVELS}. */
  readonly level?: string | undefined;
  readonly domain?: readonly string[] | undefined;
  readonly grep?: string | undefined;
}

/** What xend is asked for, and what is made of its answer. */
export interface LogRequest {
  /** Of `log.read`. */
  readonly params: XendApi['log.read']['params'];
  /** Of the stream that goes on. */
  readonly path: string;
  /** Of the lines that `log.read` gave, those that are wanted. */
  select(lines: readonly string[]): readonly string[];
  /** Of the frames of the stream, the lines that are wanted, as they come. What came faster than it was read is a line that says so. */
  follow(frames: AsyncIterable<string>): AsyncIterable<string>;
}

/**
 * Understands the options. Patterns are searched here: a bad one takes this process's time and not xend's.
 *
 * @param now milliseconds since 1970
 * @throws XmError `ETIME`, `EPATTERN`, `EUSAGE` for options that mean nothing, alone or together
 */
export function logRequest(options: LogOptions, now: number): LogRequest {
  const { since, until, level, domain, grep, lines = Number.POSITIVE_INFINITY } = options;
  const range = {
    ...(since === undefined ? {} : { since: Math.floor(moment(since, now)) }),
    ...(until === undefined ? {} : { until: Math.floor(moment(until, now)) }),
    ...(level === undefined ? {} : { level: LOG_LEVELS[LEVELS.indexOf(level)] ?? 'TRACE' }),
    ...(domain === undefined ? {} : { domains: domain }),
  };
  if (since !== undefined && until !== undefined && range.since! > range.until!) {
    throw usageError(`There is nothing since ${since} and until ${until}: the one is later than the other.`);
  }
  // As in journalctl: letters of any case, if the pattern has no capital.
  const pattern = grep === undefined ? undefined : readPattern(grep, /\p{Lu}/u.test(grep) ? '' : 'i');
  const matches = (line: string): boolean => pattern?.test(line) ?? true;
  const atMost = (count: number) => (pattern === undefined && Number.isFinite(count) ? { lines: count } : {});
  const pastLines = options.lines ?? (since === undefined ? FOLLOW_LINES : Number.POSITIVE_INFINITY);
  return {
    params: { ...range, ...atMost(lines) },
    path: `/log?${queryOf({ framed: 'yes', ...range, ...atMost(pastLines) })}`,
    select: (found) => last(found.filter(matches), lines),
    follow: (frames) => follow(frames, matches, pastLines),
  };
}

async function* follow(
  frames: AsyncIterable<string>,
  matches: (line: string) => boolean,
  pastLines: number,
): AsyncGenerator<string> {
  const past: string[] = [];
  let present = false;
  for await (const frame of frames) {
    const item: string | null | { readonly lost: number } = JSON.parse(frame);
    if (item === null) {
      yield* last(past, pastLines);
      present = true;
    } else if (typeof item !== 'string') {
      yield `[${item.lost} lines were lost: they came faster than they were read]`;
    } else if (matches(item)) {
      if (present) yield item;
      else past.push(item);
    }
  }
}

function last(lines: readonly string[], count: number): readonly string[] {
  return lines.slice(Math.max(0, lines.length - count));
}

/**
 * What is followed may be about domains that are yet to come; that there are none now is said all the same.
 *
 * @param ask fails when there neither is nor was such a domain
 */
export async function noteUnknown(
  domains: readonly string[],
  ask: (domain: string) => Promise<unknown>,
  notice: (line: string) => void,
): Promise<void> {
  for (const domain of domains) {
    try {
      await ask(domain);
    } catch (error) {
      if (!(error instanceof XmError) || error.code !== 'ENODOMAIN') throw error;
      notice(`There is no domain '${domain}' yet.`);
    }
  }
}

/** A line for programs. What is no record of the log has a text alone. */
export function logJson(line: string): Readonly<Record<string, string | number>> {
  const record = parseRecord(line);
  return record === undefined ? { text: line } : { ...record, time: new Date(record.time).toISOString() };
}
