// SPDX-License-Identifier: Apache-2.0
import { readv, writev } from 'node:fs';
import { type FramePool, type FrameVector, PAGE_SIZE } from '../../hv/contract.ts';
import { checkFrames, copyFrames, framesInPlace, loadFrames, saveFrames } from '../../hv/frames-vector.ts';
import { type Bytes, viewOf } from './bytes.ts';
import type { BufferTypes, Done, LocalBuffer } from './contract.ts';
import { moveAll } from './drive.ts';
import { type Files, readAll, writeAll } from './file.ts';
import { slice } from './local-buffer.ts';
import { type Pages, pagesFor, poolOf } from './pages.ts';
import { STACK_BYTES } from './stack.ts';

/**
 * Pages that a file and pages exchange at once: as long as the file works with them they have a reference more, or belong to
 * nobody yet. Beside the quotas, so it has a limit.
 */
const TRANSIT_PAGES = 64;

/** Registers the copies between two different types of this folder that need no stack. */
export function registerPairs(types: BufferTypes, bytes: Bytes, pages: Pages, file: Files): void {
  types.pair(bytes.type, pages.type, (source, target, done) => {
    const { length } = source;
    const from = viewOf(source.base, source.offset, length);
    saveFrames(target.base, target.offset, from);
    done(undefined, length);
  });
  types.pair(pages.type, bytes.type, (source, target, done) => {
    const { length } = source;
    const to = viewOf(target.base, target.offset, length);
    loadFrames(source.base, source.offset, to);
    done(undefined, length);
  });
  types.pair(file.type, bytes.type, (source, target, done) => {
    readAll(source.base, source.offset, viewOf(target.base, target.offset, target.length), done);
  });
  types.pair(bytes.type, file.type, (source, target, done) => {
    writeAll(target.base, target.offset, viewOf(source.base, source.offset, source.length), done);
  });
  // Reads into pages that nobody has yet and gives those to the target, which may have been shared or freed meanwhile.
  types.pair(file.type, pages.type, (source, target, done) => {
    const pool = poolOf(target.base);
    const move = (at: number, most: number, complete: Done): void => {
      const to = target.offset + at;
      checkFrames(target.base, to, most);
      const { start, size } = transit(to, most);
      const fresh = pool?.transit(pagesFor(start, size));
      if (pool === undefined || fresh === undefined) {
        bounce(types, slice(source, at), slice(target, at), complete);
        return;
      }
      const give = (count: number): void => copyFrames(fresh, start, target.base, to, count, pages.sharing);
      lend(pool, fresh, give, complete, (end) => {
        readv(source.base, framesInPlace(fresh, start, size, true), source.offset + at, end);
      });
    };
    moveAll(source.length, move, done);
  });
  // Writes pages that it holds: writes to the source get pages of their own meanwhile, and none is used for anything else.
  types.pair(pages.type, file.type, (source, target, done) => {
    const pool = poolOf(source.base);
    const move = (at: number, most: number, complete: Done): void => {
      const from = source.offset + at;
      checkFrames(source.base, from, most);
      const { start, size } = transit(from, most);
      const count = pagesFor(start, size);
      const held = pool?.transit(count);
      if (pool === undefined || held === undefined) {
        bounce(types, slice(source, at), slice(target, at), complete);
        return;
      }
      lend(pool, held, undefined, complete, (end) => {
        copyFrames(source.base, from - start, held, 0, count * PAGE_SIZE, true);
        writev(target.base, framesInPlace(held, start, size, false), target.offset + at, end);
      });
    };
    moveAll(source.length, move, done);
  });
}

/** Copies the first bytes, as many as there are, by way of the stack: the operating system gets none of the pages. */
function bounce(types: BufferTypes, source: LocalBuffer, target: LocalBuffer, done: Done): void {
  const stack = types.takeStack();
  const most = Math.min(source.length, STACK_BYTES);
  types.copy(slice(source, 0, most), stack, (error, count) => {
    // Those before an error are good; the error comes again with the next.
    if (count === 0) {
      done(error, 0);
      return;
    }
    types.copy(slice(stack, 0, count), target, (failure, copied) => {
      if (!failure) types.giveStack(stack);
      done(failure, copied);
    });
  });
}

/** Where a part of a longer range starts in its first page, and how long it is so that it ends where a page does. */
function transit(offset: number, most: number): { readonly start: number; readonly size: number } {
  const start = offset % PAGE_SIZE;
  return { start, size: Math.min(most, TRANSIT_PAGES * PAGE_SIZE - start) };
}

/**
 * Lets a file work with pages, and frees them when it has ended.
 *
 * @param accept takes over what the file did, in bytes
 */
function lend(
  pool: FramePool,
  pages: FrameVector,
  accept: ((count: number) => void) | undefined,
  done: Done,
  start: (end: (error: unknown, count: number) => void) => void,
): void {
  try {
    start((error, count) => {
      let failure = error;
      try {
        if (!failure) accept?.(count);
      } catch (thrown) {
        failure = thrown;
      }
      pool.free(pages);
      done(failure, failure ? 0 : count);
    });
  } catch (thrown) {
    // The descriptor is none at all: nothing was started.
    pool.free(pages);
    throw thrown;
  }
}
