// SPDX-License-Identifier: Apache-2.0
import { type FrameInfo, type FramePool, type FrameVector, PAGE_SIZE } from '../../hv/contract.ts';
import { checkFrames, copyFrames, discardFrames, frameAt, loadFrames, saveFrames } from '../../hv/frames-vector.ts';
import type { BufferType, BufferTypes, LocalBuffer } from './contract.ts';
import { isSize, localBuffer } from './local-buffer.ts';

/** Hidden pages as buffers: the base names a vector of pages, the offset counts from the start of the first (rule 73). */
export interface Pages {
  readonly type: BufferType<FrameVector>;
  /** Whether copies share whole pages. */
  readonly sharing: boolean;
  /** Makes buffers of the pages of a pool. */
  pool(frames: FramePool): PagePool;
}

/**
 * An account of pages, which buffers are made of. It pays for each page of its buffers, shared or not, when it allocates: no
 * later write can fail for want of a page.
 */
export interface PagePool {
  /** Pages. */
  readonly quota: number;
  /** Pages that its buffers can hold. */
  readonly used: number;
  /**
   * A buffer of zeros, or undefined when it goes beyond the quota.
   *
   * @param length bytes
   * @param start where it begins in its first page: as the data that will come does, so that pages can be shared
   */
  alloc(length: number, start?: number): LocalBuffer<FrameVector> | undefined;
  /** Gives back the pages behind a buffer of this pool, all of them, whichever part it names. @throws when they are not */
  free(buffer: LocalBuffer<FrameVector>): void;
}

/** How hidden pages behave. */
export interface PageOptions {
  /** Whether copies share whole pages; true unless said. No client sees a difference but in speed (rule 84). */
  readonly sharing?: boolean;
}

/** Registers hidden pages; copies between two of them share whole pages, copy on write (rules 81 to 83). */
export function registerPages(types: BufferTypes, { sharing = true }: PageOptions = {}): Pages {
  const type = types.register<FrameVector>({
    name: 'pages',
    copyToStack(base, offset, stack, length, done) {
      loadFrames(base, offset, stack);
      done(undefined, length);
    },
    copyFromStack(base, offset, stack, length, done) {
      saveFrames(base, offset, stack);
      done(undefined, length);
    },
    discard: discardFrames,
  });
  types.pair(type, type, (source, target, done) => {
    const { length } = source;
    copyFrames(source.base, source.offset, target.base, target.offset, length, sharing);
    done(undefined, length);
  });
  return { type, sharing, pool: (frames) => createPagePool(type, frames) };
}

/** The pools that vectors are of, for transfers which need some pages more. */
const pools = new WeakMap<FrameVector, FramePool>();

/** The pool of a vector that was allocated here; undefined for pages that another domain lent. */
export function poolOf(vector: FrameVector): FramePool | undefined {
  return pools.get(vector);
}

function createPagePool(type: BufferType<FrameVector>, frames: FramePool): PagePool {
  return {
    quota: frames.pages,
    get used() {
      return frames.used;
    },
    alloc(length, start = 0) {
      if (!isSize(length) || !isSize(start) || start >= PAGE_SIZE) {
        throw new RangeError(`no buffer has ${length} bytes from ${start} of its first page on`);
      }
      const vector = frames.alloc(pagesFor(start, length));
      if (vector === undefined) return undefined;
      pools.set(vector, frames);
      return localBuffer(type, vector, start, length);
    },
    free: ({ base }) => frames.free(base),
  };
}

/** Pages that `length` bytes touch when they start at `offset`. */
export function pagesFor(offset: number, length: number): number {
  return length === 0 ? 0 : Math.ceil(((offset % PAGE_SIZE) + length) / PAGE_SIZE);
}

/** The wider interface of a buffer of hidden pages: page by page (rule 78). Pages are counted from that of its first byte. */
export interface PageRange {
  /** Where the first byte lies in its page. */
  readonly start: number;
  /** Pages that the buffer touches. */
  readonly count: number;
  /** Undefined: never written or dropped, reads as zeros. */
  page(index: number): FrameInfo | undefined;
  /**
   * Gives one page back, as a cache does that evicts: from now on it reads as zeros here; who shares it keeps it.
   *
   * @returns false when the page is not all within the buffer; nothing happens
   */
  drop(index: number): boolean;
}

/**
 * Down-casts a buffer for a client that knows its provider.
 *
 * @throws XmError `EBADF` when the base is no vector of pages, or they were freed
 */
export function pagesOf({ base, offset, length }: LocalBuffer<FrameVector>): PageRange {
  checkFrames(base, offset, length);
  const start = offset % PAGE_SIZE;
  const first = (offset - start) / PAGE_SIZE;
  const count = pagesFor(offset, length);
  return {
    start,
    count,
    page: (index) => (index >= 0 && index < count ? frameAt(base, first + index) : undefined),
    drop(index) {
      const at = (first + index) * PAGE_SIZE;
      if (!Number.isInteger(index) || at < offset || at + PAGE_SIZE > offset + length) return false;
      discardFrames(base, at, PAGE_SIZE);
      return true;
    },
  };
}
