// SPDX-License-Identifier: Apache-2.0
import { type BigIntStats, close, fdatasync, fstat, open, read, readSync, write, writeSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { XmError } from '../../errors.ts';
import type { RemoteBuffers } from '../../idc/remote-contract.ts';
import { SECTOR_SIZE } from './contract.ts';
import { openFailure, type Wanted, wrongKind } from './failure.ts';
import { unamePath } from './uname.ts';

/** Called once, perhaps before the function it was given to returns, with what went wrong if something did. */
export type Done = (error: unknown) => void;

/** What a reference leads to, for a domain. */
export interface Referred {
  readonly buffers: RemoteBuffers;
  readonly reference: Uint8Array;
}

/** The content of a disk. Several operations may run at once; positions and lengths are bytes, within the size. */
export interface Image {
  readonly sectors: number;
  readonly readonly: boolean;
  /** Fills `bytes`, which may be shared memory. */
  read(bytes: Uint8Array, position: number, done: Done): void;
  write(bytes: Uint8Array, position: number, done: Done): void;
  /** Reads to where a reference leads: memory that is not to be mapped, hidden pages above all. */
  send(position: number, length: number, there: Referred, done: Done): void;
  /** Writes from there. */
  receive(position: number, length: number, there: Referred, done: Done): void;
  /** Writes zeros. */
  zero(position: number, length: number, done: Done): void;
  /** Brings what was written to stable storage. */
  sync(done: Done): void;
  close(): Promise<void>;
}

/** Closes a file. */
export const closeFile = promisify(close);

/** Up to this many bytes, moving them from or to the page cache takes no longer than asking another thread to do it. */
const INLINE_BYTES = 256 * 1024;
/** Milliseconds that moving them takes at most when they are in the page cache. */
const INLINE_TIME = 0.1;
/** After a longer time other threads do it, for so many times that time: waiting takes no more than 1 % of this thread. */
const BACK_OFF = 100;

/** Zeros are written in steps of this many bytes. */
const ZEROS = new Uint8Array(256 * 1024);

/** An open file or block device. */
export interface Content {
  readonly fd: number;
  /** Bytes, whole sectors. */
  readonly size: number;
  /** Equal for what is the same, and has not been written to meanwhile. */
  readonly identity: string;
}

/**
 * Opens what is behind a disk.
 *
 * @throws XmError when there is none, it may not be opened in this way, or its size is not one of whole sectors
 */
export async function openContent(wanted: Wanted): Promise<Content> {
  const { uname, dev, writable } = wanted;
  const fd = await promisify(open)(unamePath(uname), writable ? 'r+' : 'r').catch((error: unknown) => {
    throw openFailure(error, wanted);
  });
  try {
    const stats = await statOf(fd);
    const size = stats.isBlockDevice() ? await blockDeviceSize(stats.rdev) : Number(stats.size);
    const problem = wrongKind(stats) ?? wrongSize(size);
    if (problem !== undefined) throw new XmError('EINVAL', `vbd: ${dev} cannot be ${uname}: ${problem}`);
    return { fd, size, identity: [stats.dev, stats.ino, size, stats.mtimeNs].join(':') };
  } catch (error) {
    await closeFile(fd);
    throw error;
  }
}

/** Opens the content of a disk that is a file or block device of its own. @throws XmError as {@link openContent} */
export async function openImage(wanted: Wanted): Promise<Image> {
  const { fd, size } = await openContent(wanted);
  return imageOf(fd, size / SECTOR_SIZE, !wanted.writable);
}

/**
 * An open file as an image of `sectors` sectors; `close` closes it.
 *
 * @param now the time in milliseconds
 */
export function imageOf(fd: number, sectors: number, readonly: boolean, now = () => performance.now()): Image {
  let slowUntil = 0;

  /**
   * Does what is small in this very thread, which saves most of its latency, as long as that is fast: a medium that has to
   * be waited for is waited for elsewhere. @returns false when it is left to be done
   */
  function doInline(operation: InlineOperation, bytes: Uint8Array, position: number, done: Done): boolean {
    const start = now();
    if (bytes.length > INLINE_BYTES || start < slowUntil) return false;
    let failure: unknown = null;
    try {
      if (operation(fd, bytes, 0, bytes.length, position) !== bytes.length) return false;
    } catch (error) {
      failure = error;
    }
    const end = now();
    if (end - start > INLINE_TIME) slowUntil = end + (end - start) * BACK_OFF;
    done(failure);
    return true;
  }

  return {
    sectors,
    readonly,
    read(bytes, position, done) {
      if (!doInline(readSync, bytes, position, done)) transfer(read, fd, bytes, position, done);
    },
    write(bytes, position, done) {
      if (!doInline(writeSync, bytes, position, done)) transfer(write, fd, bytes, position, done);
    },
    send(position, length, { buffers, reference }, done) {
      buffers.send(buffers.file.of(fd, position, length), reference, 0, done);
    },
    receive(position, length, { buffers, reference }, done) {
      buffers.receive(reference, 0, buffers.file.of(fd, position, length), done);
    },
    zero(position, length, done) {
      const end = position + length;
      const step = (error: unknown): void => {
        const at = position;
        position += ZEROS.length;
        if (error || at >= end) done(error);
        else transfer(write, fd, ZEROS.subarray(0, Math.min(ZEROS.length, end - at)), at, step);
      };
      step(null);
    },
    sync: (done) => fdatasync(fd, done),
    close: () => closeFile(fd),
  };
}

type InlineOperation = (fd: number, bytes: Uint8Array, offset: number, length: number, position: number) => number;

type Operation = (
  fd: number,
  bytes: Uint8Array,
  offset: number,
  length: number,
  position: number,
  done: (error: unknown, count: number) => void,
) => void;

/** Reads or writes all of `bytes`: the operating system may do less than it is asked for. */
function transfer(operation: Operation, fd: number, bytes: Uint8Array, position: number, done: Done): void {
  operation(fd, bytes, 0, bytes.length, position, (error, count) => {
    if (error || count === bytes.length) done(error);
    else if (count === 0) done(new Error('the image is shorter than it was'));
    else transfer(operation, fd, bytes.subarray(count), position + count, done);
  });
}

function statOf(fd: number): Promise<BigIntStats> {
  const { promise, resolve, reject } = Promise.withResolvers<BigIntStats>();
  // Inode numbers of some file systems are beyond what a float holds.
  fstat(fd, { bigint: true }, (error, stats) => (error ? reject(error) : resolve(stats)));
  return promise;
}

function wrongSize(size: number): string | undefined {
  if (size === 0) return 'it is empty';
  const rest = size % SECTOR_SIZE;
  return rest === 0 ? undefined : `its size, ${size} bytes, is not a multiple of ${SECTOR_SIZE}`;
}

/** Bytes of a block device; `stat` says 0 for all of them, and asking the device itself is not possible from here. */
async function blockDeviceSize(number: bigint): Promise<number> {
  const major = ((number >> 8n) & 0xfffn) | ((number >> 32n) & ~0xfffn);
  const minor = (number & 0xffn) | ((number >> 12n) & 0xffffff00n);
  return Number(await readFile(`/sys/dev/block/${major}:${minor}/size`, 'utf8')) * SECTOR_SIZE;
}
