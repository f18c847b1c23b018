// SPDX-License-Identifier: Apache-2.0
import { read, write } from 'node:fs';
import type { BufferType, BufferTypes, Done, LocalBuffer } from './contract.ts';
import { moveAll } from './drive.ts';
import { localBuffer } from './local-buffer.ts';

/** Files as buffers: the base is a descriptor, the offset a position (the sendfile case, rule 79). */
export interface Files {
  readonly type: BufferType<number>;
  /**
   * A range of a file. Copies read and write at positions, so the file must have them; one that ends too early ends a copy
   * from it with an error, a copy to it makes it longer.
   *
   * @param fd an open descriptor, which stays open as long as copies run
   * @param offset bytes from the start of the file
   * @param length bytes
   */
  of(fd: number, offset: number, length: number): LocalBuffer<number>;
}

export function registerFile(types: BufferTypes): Files {
  const type = types.register<number>({
    name: 'file',
    copyToStack: (fd, offset, stack, _length, done) => readAll(fd, offset, stack, done),
    copyFromStack: (fd, offset, stack, _length, done) => writeAll(fd, offset, stack, done),
  });
  return { type, of: (fd, offset, length) => localBuffer(type, fd, offset, length) };
}

/** The operating system takes no more at once. */
const MOST_AT_ONCE = 1 << 30;

/** Fills `bytes`, not none, from a position on. */
export const readAll = transferBy(read);
/** Writes `bytes`, not none, to a position. */
export const writeAll = transferBy(write);

type Operation = (
  fd: number,
  bytes: Uint8Array,
  offset: number,
  length: number,
  position: number,
  done: (error: unknown, count: number) => void,
) => void;

function transferBy(operation: Operation) {
  return (fd: number, position: number, bytes: Uint8Array, done: Done): void => {
    const move = (at: number, size: number, complete: Done): void =>
      operation(fd, bytes, at, Math.min(size, MOST_AT_ONCE), position + at, (error, count) => {
        complete(error, error ? 0 : count);
      });
    moveAll(bytes.length, move, done);
  };
}
