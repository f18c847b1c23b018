// SPDX-License-Identifier: Apache-2.0
import { basename } from 'node:path';
import { getCallSites } from 'node:util';
import { LOG_SIZE, type LogSize, openLogFile } from './log-file.ts';
import { createLineLimit, DOMAIN_QUOTA, type LineQuota } from './log-limit.ts';
import { formatRecord, LOG_LEVELS, type LogLevel, parseRecord } from './log-line.ts';

/** Where lines are written to. */
export interface LogWriter {
  /** Writes a line that names its caller's source line. */
  write(level: LogLevel, text: string): void;
}

/** Which lines are wanted. Everything that is absent wants all. */
export interface LogRange {
  /** The last so many. */
  readonly lines?: number;
  /** Milliseconds since 1970; a line counts as written at the end of its second. */
  readonly since?: number;
  readonly until?: number;
  /** This and what is more important. */
  readonly level?: LogLevel;
  /** Lines that name one of them. */
  readonly domains?: readonly LogDomain[];
}

/** A domain as lines name it. */
export interface LogDomain {
  readonly name: string;
  /** Of one that is there; only lines of this xend are about it. */
  readonly domid?: number;
}

/** xend's log: one line per event, across rotated files (`log-line.ts`). */
export interface Log extends LogWriter {
  /**
   * A writer for what one domain brings about: beyond a number of lines in a span of time they are counted instead (`log-limit.ts`).
   *
   * @param domain how people know it then, e.g. `web (3)`
   */
  about(domain: () => string): LogWriter;
  /** Lines, oldest first. */
  read(range: LogRange): readonly string[];
  /** Calls `listener` with each new line of the range, of which `lines` and `until` mean nothing; returns the end of it. */
  follow(range: LogRange, listener: (line: string) => void): () => void;
  /** Lines since the start: those of each level, and those that were suppressed. */
  counts(): { readonly written: Readonly<Record<LogLevel, number>>; readonly suppressed: number };
}

/** Its settings; all but the level are not for users. */
export interface LogOptions extends Partial<LogSize> {
  /** What is less important is not written. */
  readonly level?: LogLevel;
  readonly now?: () => number;
  readonly quota?: LineQuota;
}

/**
 * Opens the log at `path`. Lines are written at once and in order; a log that cannot be written (disk full) never stops
 * xend, and followers still get their lines.
 */
export function openLog(path: string, options: LogOptions = {}): Log {
  const { level: least = 'TRACE', now = Date.now, quota = DOMAIN_QUOTA } = options;
  const wanted = new Set(LOG_LEVELS.slice(LOG_LEVELS.indexOf(least)));
  const file = openLogFile(path, { ...LOG_SIZE, ...options });
  const followers = new Set<(line: string) => void>();
  const written = Object.fromEntries(LOG_LEVELS.map((level) => [level, 0])) as Record<LogLevel, number>;
  let suppressed = 0;
  let lost = 0;

  function record(level: LogLevel, source: string, text: string): string {
    return formatRecord({ time: now(), pid: process.pid, level, source, text });
  }

  function append(line: string): void {
    try {
      if (lost > 0) file.append(record('WARNING', 'log:0', `${lost} lines could not be written`));
      lost = 0;
      file.append(line);
    } catch {
      lost++;
    }
  }

  function put(level: LogLevel, source: string, text: string): void {
    const line = record(level, source, text);
    written[level]++;
    append(line);
    for (const follower of [...followers]) follower(line);
  }

  return {
    write(level, text) {
      if (wanted.has(level)) put(level, caller(), text);
    },
    about(domain) {
      const limit = createLineLimit((count) => {
        suppressed += count;
        put('WARNING', 'log:0', `${count} lines about domain ${domain()} suppressed`);
      }, quota);
      return {
        write(level, text) {
          if (wanted.has(level) && limit.admits()) put(level, caller(), text);
        },
      };
    },
    read(range) {
      const { lines = Number.POSITIVE_INFINITY } = range;
      const found: string[] = [];
      if (lines === 0) return found;
      for (const records of file.files()) {
        found.unshift(...within(records, range));
        if (found.length >= lines) break;
      }
      return found.slice(-Math.min(lines, found.length));
    },
    follow(range, listener) {
      const follower = (line: string): void => {
        if (within([line], { ...range, until: Number.POSITIVE_INFINITY }).length > 0) listener(line);
      };
      followers.add(follower);
      return () => followers.delete(follower);
    },
    counts: () => ({ written: { ...written }, suppressed }),
  };
}

/** `module:line` of the code that called `write`, in the TypeScript source. */
function caller(): string {
  const site = getCallSites(3, { sourceMap: true })[2];
  return site === undefined ? '?' : `${basename(site.scriptName).replace(/\.[jt]s$/, '')}:${site.lineNumber}`;
}

/** Those of a range. What is no record has the time and the level of the record before it. */
function within(lines: readonly string[], range: LogRange): readonly string[] {
  const { since = 0, until = Number.POSITIVE_INFINITY, level = 'TRACE', domains } = range;
  if (since === 0 && until === Number.POSITIVE_INFINITY && level === 'TRACE' && domains === undefined) return lines;
  const least = LOG_LEVELS.indexOf(level);
  const about = domains?.map(naming);
  let right = false;
  let own = false;
  return lines.filter((line) => {
    const record = parseRecord(line);
    if (record !== undefined) {
      const end = record.time + 999;
      own = record.pid === process.pid;
      right = end >= since && record.time <= until && LOG_LEVELS.indexOf(record.level) >= least;
    }
    return right && (about === undefined || about.some((names) => names(line, own)));
  });
}

/** Whether lines name a domain; its number only counts in lines of this xend. */
function naming({ name, domid }: LogDomain): (line: string, own: boolean) => boolean {
  const called = new RegExp(`(?<![\\w.:+-])${name.replace(/[^\w]/g, '\\$&')}(?![\\w+-]|[.:]\\w)`);
  const numbered = domid === undefined ? undefined : new RegExp(`(?:\\((?:id=)?|domid=|domain )${domid}(?!\\w)`);
  return (line, own) => called.test(line) || (own && numbered?.test(line) === true);
}
