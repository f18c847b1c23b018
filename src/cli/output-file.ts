// SPDX-License-Identifier: Apache-2.0
import { closeSync, fsyncSync, openSync, realpathSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';

/** Stands for stdout where a file is named. */
export const STDOUT = '-';

/** Takes the pieces of a file, one after another. */
export type Sink = (piece: string) => void;

/**
 * Writes a file that is there as a whole or not at all: beside its place first, then renamed. What is no file, such as a pipe, is
 * written as it is, and so is stdout.
 *
 * @param write what it does is in the file when it returns; when it throws, the file is as it was
 */
export function writeWhole<T>(file: string, write: (sink: Sink) => T): T {
  if (file === STDOUT) return write((piece) => void process.stdout.write(piece));
  const before = statSync(file, { throwIfNoEntry: false });
  if (before !== undefined && !before.isFile()) return writeTo(file, write);
  const place = before === undefined ? file : realpathSync(file);
  const beside = `${place}.${process.pid}.new`;
  try {
    const result = writeTo(beside, write, 'wx');
    renameSync(beside, place);
    return result;
  } catch (error) {
    rmSync(beside, { force: true });
    throw error;
  }
}

function writeTo<T>(file: string, write: (sink: Sink) => T, how: 'w' | 'wx' = 'w'): T {
  const fd = openSync(file, how);
  try {
    const result = write((piece) => writeFileSync(fd, piece));
    // A pipe cannot be, and a full disk may say so only now.
    if (statSync(file).isFile()) fsyncSync(fd);
    return result;
  } finally {
    closeSync(fd);
  }
}
