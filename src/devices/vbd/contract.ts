// SPDX-License-Identifier: Apache-2.0
import type { FrameVector } from '../../hv/contract.ts';
import type { LocalBuffer } from '../../idc/buffers/contract.ts';

/** Bytes of a sector, always (spec/primitives.md 5.2). */
export const SECTOR_SIZE = 512;

/** Operations of a block request. */
export const BLK_OP = { read: 0, write: 1, flush: 3, discard: 5, info: 16 } as const;

/** Verdicts of the block service, as blkif has them. */
export const BLK_STATUS = {
  okay: 0,
  /** The request was wrong or the medium failed. */
  error: -1,
  notSupported: -2,
  /** Writing to a device that was attached read-only. */
  readOnly: -30,
  /** The host's disk is full. */
  noSpace: -28,
} as const;

/**
 * What a back end counts, as `xm top` shows it: times that no further request could be accepted, requests read, written and
 * flushed, sectors read and written. Discards are counted as writes, since they write zeros.
 */
export const VBD_COUNTERS = ['oo', 'rd', 'wr', 'flush', 'rsect', 'wsect'] as const;

/** Memory of a kernel that the back end of a disk reaches by itself. */
export interface DiskBuffer {
  readonly bytes: Uint8Array;
  /** Gives it back, once. @throws while a transfer of it is under way */
  free(): void;
}

/**
 * A disk as a kernel uses it. Requests that overlap and are outstanding together take effect in any order. Offsets and
 * lengths are bytes and multiples of {@link SECTOR_SIZE}.
 */
export interface BlockDevice {
  /** Size in bytes; 0 before the first connection and after the last. */
  readonly size: number;
  readonly readonly: boolean;
  /**
   * Reads `length` bytes at `offset`. Large reads are split into several requests in flight.
   *
   * @throws XmError `EIO`, `EINVAL` (beyond the end, not whole sectors), `ENODEV` (the connection ended: nothing is known)
   */
  read(offset: number, length: number): Promise<Uint8Array>;
  /**
   * Memory that the back end reaches by itself: reads into `bytes`, or a part of them, and writes from them are not copied.
   * It belongs to this connection; afterwards it is memory like any other. Give it back with `free` when nothing that uses
   * it is outstanding.
   *
   * @returns undefined when the disk is not connected, or more than half of what it may lend would be taken
   */
  buffer(length: number): DiskBuffer | undefined;
  /**
   * Reads into a buffer of one's own, without allocating for the data; after a failure any part of it may be filled. What a
   * back end has in hidden pages, as that of a `cow:` disk has, is not copied to hidden pages but shared, copy on write, where
   * offset and target lie alike in theirs.
   *
   * @throws XmError as `read`, and `EINVAL` for pages that were freed
   */
  readInto(offset: number, target: Uint8Array | LocalBuffer<FrameVector>): Promise<void>;
  /**
   * Writes; `data` must not change before it resolves.
   *
   * @throws XmError as `readInto`, and `EROFS`, `ENOSPC`
   */
  write(offset: number, data: Uint8Array | LocalBuffer<FrameVector>): Promise<void>;
  /** Waits for everything written and discarded before it, then resolves when that is on stable storage. */
  flush(): Promise<void>;
  /** Says that a range is not needed; it reads as zeros afterwards. */
  discard(offset: number, length: number): Promise<void>;
}
