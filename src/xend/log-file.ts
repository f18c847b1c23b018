// SPDX-License-Identifier: Apache-2.0
import { appendFileSync, closeSync, fstatSync, openSync, readSync, renameSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { makeDirectory } from '../directories.ts';
import { printable } from '../words.ts';
import { recordsOf } from './log-line.ts';

/** The files of a log: one that grows, and a few older ones that are kept. */
export interface LogFile {
  /**
   * Appends a record. The log is put aside first if it has become too large.
   *
   * @throws Error of the system, e.g. for a full disk
   */
  append(record: string): void;
  /** The records of one file after the other, newest file first, each in the order in which they were written. */
  files(): Iterable<readonly string[]>;
}

/** How large a log may become. */
export interface LogSize {
  /** Bytes after which the file is put aside. */
  readonly rotateAt: number;
  /** Old files that stay: `xend.log.1` is the youngest. */
  readonly keep: number;
}

/** Spec/xend.md 5.7. */
export const LOG_SIZE: LogSize = { rotateAt: 1024 * 1024, keep: 5 };

/**
 * Opens a log. What somebody else does to its files is no problem: one that is removed or emptied is begun anew, one that was cut in
 * the middle of a line gets its newline, one that is too large to be read is read from where it is not.
 */
export function openLogFile(path: string, { rotateAt, keep }: LogSize = LOG_SIZE): LogFile {
  makeDirectory(dirname(path));
  const aged = (age: number): string => (age === 0 ? path : `${path}.${age}`);

  function rotate(): void {
    for (let age = keep; age >= 1; age--) if (sizeOf(aged(age - 1)) !== undefined) renameSync(aged(age - 1), aged(age));
  }

  // The one before may have ended in the middle of a write.
  if (lastByte(path) !== undefined && lastByte(path) !== NEWLINE) appendFileSync(path, '\n');

  return {
    append(record) {
      if ((sizeOf(path) ?? 0) > rotateAt) rotate();
      appendFileSync(path, `${record}\n`, { mode: 0o600 });
    },
    *files() {
      for (let age = 0; age <= keep; age++) yield recordsOf(printable(readEnd(aged(age), 2 * rotateAt)));
    },
  };
}

const NEWLINE = 10;

function sizeOf(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.size;
}

function lastByte(path: string): number | undefined {
  return readLast(path, 1).at(-1);
}

/** The last lines of a file that together have no more than `limit` bytes. */
function readEnd(path: string, limit: number): string {
  const bytes = readLast(path, limit);
  const whole = bytes.length < limit ? 0 : bytes.indexOf(NEWLINE) + 1;
  return bytes.toString('utf8', whole);
}

/** The last bytes of a file; none if it is not there. */
function readLast(path: string, limit: number): Buffer {
  if (sizeOf(path) === undefined) return Buffer.alloc(0);
  const file = openSync(path, 'r');
  try {
    const { size } = fstatSync(file);
    const bytes = Buffer.alloc(Math.min(size, limit));
    return bytes.subarray(0, readSync(file, bytes, 0, bytes.length, size - bytes.length));
  } finally {
    closeSync(file);
  }
}
