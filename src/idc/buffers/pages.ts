// SPDX-License-Identifier: Apache-2.0
import type { BufferType, BufferTypes, LocalBuffer } from './contract.ts';
import { NO_PAGE, PAGE_BYTES } from './page-memory.ts';
import { createPageStore, type PageStore, type PageStoreOptions, type PageVector, vectorOf } from './page-store.ts';
import { copyPages, discardPages, load, pagesFor, save } from './page-vector.ts';

/** Hidden pages as buffers: the base names a vector of pages, the offset counts from the start of the first (rule 73). */
export interface Pages {
  readonly type: BufferType<PageVector>;
  /** Makes a store of its own memory. */
  store(options?: PageStoreOptions): PageStore;
}

/** Registers hidden pages; copies between two of them share whole pages, copy on write (rules 81 to 83). */
export function registerPages(types: BufferTypes): Pages {
  const type = types.register<PageVector>({
    name: 'pages',
    copyToStack(base, offset, stack, length, done) {
      load(vectorOf(base, offset, length), offset, stack);
      done(undefined, length);
    },
    copyFromStack(base, offset, stack, length, done) {
      save(vectorOf(base, offset, length), offset, stack);
      done(undefined, length);
    },
    discard(base, offset, length) {
      discardPages(vectorOf(base, offset, length), offset, length);
    },
  });
  types.pair(type, type, (source, target, done) => {
    const { length } = source;
    const from = vectorOf(source.base, source.offset, length);
    copyPages(from, source.offset, vectorOf(target.base, target.offset, length), target.offset, length);
    done(undefined, length);
  });
  return { type, store: (options) => createPageStore(type, options) };
}

/** What can be said of a page without showing it. */
export interface PageInfo {
  /** Two slots with one id share the page. */
  readonly id: number;
  readonly references: number;
}

/** The wider interface of a buffer of hidden pages: page by page (rule 78). Pages are counted from that of its first byte. */
export interface PageRange {
  /** Where the first byte lies in its page. */
  readonly start: number;
  /** Pages that the buffer touches. */
  readonly count: number;
  /** Undefined: never written or dropped, reads as zeros. */
  page(index: number): PageInfo | undefined;
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
 * @throws TypeError when the base is no vector of pages
 * @throws XmError when the pages were freed
 */
export function pagesOf(buffer: LocalBuffer<PageVector>): PageRange {
  const { base, offset, length } = buffer;
  const vector = vectorOf(base, offset, length);
  const start = offset % PAGE_BYTES;
  const first = (offset - start) / PAGE_BYTES;
  const count = pagesFor(offset, length);
  return {
    start,
    count,
    page(index) {
      const id = (index >= 0 && index < count && vector.slots[first + index]) || NO_PAGE;
      return id === NO_PAGE ? undefined : { id, references: vector.arena.memory.countOf(id) };
    },
    drop(index) {
      const at = (first + index) * PAGE_BYTES;
      if (!Number.isInteger(index) || at < offset || at + PAGE_BYTES > offset + length) return false;
      discardPages(vectorOf(base, at, PAGE_BYTES), at, PAGE_BYTES);
      return true;
    },
  };
}
