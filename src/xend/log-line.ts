// SPDX-License-Identifier: Apache-2.0
import { printable } from '../words.ts';

/**
 * Lines of xend.log as text: `[YYYY-MM-DD HH:MM:SS PID] LEVEL (module:line) text` (spec/xend.md 5.7). Pure, since the command
 * line reads them too. A record is one such line with the tabbed lines after it.
 */

/** From the least to the most important. */
export const LOG_LEVELS = ['TRACE', 'DEBUG', 'INFO', 'WARNING', 'ERROR', 'CRITICAL'] as const;

export type LogLevel = (typeof LOG_LEVELS)[number];

/** What a record says. */
export interface LogRecord {
  /** Milliseconds since 1970; the log has whole seconds. */
  readonly time: number;
  /** Of the xend that wrote it. */
  readonly pid: number;
  readonly level: LogLevel;
  /** `module:line` of the source that wrote it. */
  readonly source: string;
  readonly text: string;
}

/** Characters of one text; what a domain says of its end may be of any length. */
const MAX_TEXT = 8192;

const RECORD = /^\[(\d{4})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d) (\d+)\] ([A-Z]+) \(([^\s()]*)\) ([\s\S]*)$/;

/** A record as the log has it, without its newline. */
export function formatRecord({ time, pid, level, source, text }: LogRecord): string {
  const rest = text.length - MAX_TEXT;
  const shown = rest > 0 ? `${text.slice(0, MAX_TEXT)}... (${rest} more characters)` : text;
  return `[${stamp(new Date(time))} ${pid}] ${level} (${source}) ${printable(shown.replaceAll('\n', '\n\t'))}`;
}

/** What a record says, or undefined if it is none: the rest of a line that was cut, or what somebody else wrote there. */
export function parseRecord(line: string): LogRecord | undefined {
  const [, year, month, day, hour, minute, second, pid, name, source, text] = RECORD.exec(line) ?? [];
  const level = LOG_LEVELS.find((known) => known === name);
  if (level === undefined) return undefined;
  const [y = 0, m = 1, d, h, min, s] = [year, month, day, hour, minute, second].map(Number);
  const time = new Date(y, m - 1, d, h, min, s).getTime();
  return { time, pid: Number(pid), level, source: source ?? '', text: (text ?? '').replaceAll('\n\t', '\n') };
}

/** The records of a text, without their newlines. */
export function recordsOf(text: string): readonly string[] {
  return text.split(/\n(?!\t)/).filter((record) => record !== '');
}

/** Local time, as it always was there. */
function stamp(date: Date): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}
