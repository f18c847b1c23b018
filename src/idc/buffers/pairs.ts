// SPDX-License-Identifier: Apache-2.0
import { readv, writev } from 'node:fs';
import { type Bytes, viewOf } from './bytes.ts';
import type { BufferTypes, Done } from './contract.ts';
import { moveAll } from './drive.ts';
import { type Files, readAll, writeAll } from './file.ts';
import { PAGE_BYTES } from './page-memory.ts';
import { vectorOf } from './page-store.ts';
import {
  copyPages,
  createVector,
  freeVector,
  load,
  pagesFor,
  partsToRead,
  partsToWrite,
  save,
  snapshot,
  type Vector,
} from './page-vector.ts';
import type { Pages } from './pages.ts';

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
    save(vectorOf(target.base, target.offset, length), target.offset, from);
    done(undefined, length);
  });
  types.pair(pages.type, bytes.type, (source, target, done) => {
    const { length } = source;
    const to = viewOf(target.base, target.offset, length);
    load(vectorOf(source.base, source.offset, length), source.offset, to);
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
    const move = (at: number, most: number, complete: Done): void => {
      const to = target.offset + at;
      const { arena } = vectorOf(target.base, to, most);
      const { start, size } = transit(to, most);
      const fresh = createVector(arena, pagesFor(start, size));
      const give = (count: number): void => {
        copyPages(fresh, start, vectorOf(target.base, to, count), to, count);
      };
      lend(fresh, give, complete, (end) => {
        readv(source.base, partsToWrite(fresh, start, size), source.offset + at, end);
      });
    };
    moveAll(source.length, move, done);
  });
  // Writes pages that it holds: writes to the source get pages of their own meanwhile, and none is used for anything else.
  types.pair(pages.type, file.type, (source, target, done) => {
    const move = (at: number, most: number, complete: Done): void => {
      const from = source.offset + at;
      const { start, size } = transit(from, most);
      const held = snapshot(vectorOf(source.base, from, most), from, size);
      lend(held, undefined, complete, (end) => {
        writev(target.base, partsToRead(held, start, size), target.offset + at, end);
      });
    };
    moveAll(source.length, move, done);
  });
}

/** Where a part of a longer range starts in its first page, and how long it is so that it ends where a page does. */
function transit(offset: number, most: number): { readonly start: number; readonly size: number } {
  const start = offset % PAGE_BYTES;
  return { start, size: Math.min(most, TRANSIT_PAGES * PAGE_BYTES - start) };
}

/**
 * Lets a file work with pages, and frees them when it has ended.
 *
 * @param accept takes over what the file did, in bytes
 */
function lend(
  pages: Vector,
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
      freeVector(pages);
      done(failure, failure ? 0 : count);
    });
  } catch (thrown) {
    // The descriptor is none at all: nothing was started.
    freeVector(pages);
    throw thrown;
  }
}
