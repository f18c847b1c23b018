// SPDX-License-Identifier: Apache-2.0
import { appendFileSync, existsSync, mkdirSync, readFileSync, renameSync, statSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { getCallSites } from 'node:util';

export type LogLevel = 'DEBUG' | 'INFO' | 'WARNING' | 'ERROR' | 'CRITICAL';

/** Bytes after which the log is put aside, and how many old ones stay (spec/xend.md 5.7). */
const ROTATE_AT = 1024 * 1024;
const KEEP = 5;

/** xend's log: one line per event, `[YYYY-MM-DD HH:MM:SS PID] LEVEL (module:line) text` (spec/xend.md 5.7). */
export interface Log {
  /** Writes a line that names its caller's source line. */
  write(level: LogLevel, text: string): void;
  /** The last `lines`, none older than `since` (milliseconds since 1970), oldest first, across rotated files. */
  read(options: { readonly lines?: number; readonly since?: number }): readonly string[];
  /** Calls `listener` with each new line; returns the end of it. */
  follow(listener: (line: string) => void): () => void;
}

/**
 * Opens the log at `path`. Lines are written at once and in order; a log that cannot be written (disk full) never stops
 * xend, and followers still get their lines.
 */
export function openLog(path: string, now: () => Date = () => new Date()): Log {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const followers = new Set<(line: string) => void>();
  let size = existsSync(path) ? statSync(path).size : 0;
  let lost = 0;

  function append(line: string): void {
    try {
      if (size > ROTATE_AT) rotate(path);
      if (size > ROTATE_AT) size = 0;
      const note = lost > 0 ? `${stamp(now())} WARNING (log:0) ${lost} lines could not be written\n` : '';
      appendFileSync(path, `${note}${line}\n`, { mode: 0o600 });
      size += Buffer.byteLength(note) + Buffer.byteLength(line) + 1;
      lost = 0;
    } catch {
      lost++;
    }
  }

  return {
    write(level, text) {
      const line = `${stamp(now())} ${level} (${caller()}) ${text.replaceAll('\n', '\n\t')}`;
      append(line);
      for (const follower of [...followers]) follower(line);
    },
    read({ lines = Number.POSITIVE_INFINITY, since = 0 }) {
      const records: string[] = [];
      for (let age = 0; age <= KEEP && records.length < lines; age++) {
        const file = age === 0 ? path : `${path}.${age}`;
        if (!existsSync(file)) break;
        records.unshift(...recordsOf(readFileSync(file, 'utf8')));
      }
      const recent = since === 0 ? records : records.filter((record) => timeOf(record) >= since);
      return recent.slice(-Math.min(lines, recent.length) || recent.length);
    },
    follow(listener) {
      followers.add(listener);
      return () => followers.delete(listener);
    },
  };
}

/** `module:line` of the code that called `write`, in the TypeScript source. */
function caller(): string {
  const site = getCallSites(3, { sourceMap: true })[2];
  return site === undefined ? '?' : `${basename(site.scriptName).replace(/\.[jt]s$/, '')}:${site.lineNumber}`;
}

/** A record is a line with the tabbed lines after it. */
function recordsOf(text: string): readonly string[] {
  return text === '' ? [] : text.replace(/\n$/, '').split(/\n(?!\t)/);
}

function rotate(path: string): void {
  for (let age = KEEP; age >= 1; age--) {
    const from = age === 1 ? path : `${path}.${age - 1}`;
    if (existsSync(from)) renameSync(from, `${path}.${age}`);
  }
}

/** `[YYYY-MM-DD HH:MM:SS PID]` in local time. */
function stamp(date: Date): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `[${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())} ${process.pid}]`;
}

function timeOf(line: string): number {
  const found = /^\[(\d+)-(\d+)-(\d+) (\d+):(\d+):(\d+) /.exec(line);
  if (found === null) return 0;
  const [year, month, day, hour, minute, second] = found.slice(1).map(Number);
  // The stamp has whole seconds: a line counts as written at the end of its second.
  return new Date(year!, month! - 1, day!, hour!, minute!, second!).getTime() + 999;
}
