// SPDX-License-Identifier: Apache-2.0
import type { BufferType, LocalBuffer } from './contract.ts';
import { isSize, localBuffer } from './local-buffer.ts';
import { createPageMemory, NO_PAGE, PAGE_BYTES, type PageUsage } from './page-memory.ts';
import { type Arena, checkRange, createVector, freeVector, pagesFor, type Vector } from './page-vector.ts';

declare const HIDDEN: unique symbol;

/** Names a vector of pages. Nothing of it can be reached from here: its content never lies in a client's hands (rule 79). */
export interface PageVector {
  readonly [HIDDEN]?: never;
}

/**
 * An account of pages, as a domain has one. It pays for each page of its buffers, shared or not, when it allocates: no later
 * write can fail for want of a page, and all stores' pages together are never more than the quotas.
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
  alloc(length: number, start?: number): LocalBuffer<PageVector> | undefined;
  /** Gives back the pages behind a buffer of this pool, all of them, whichever part it names. @throws when they are not */
  free(buffer: LocalBuffer<PageVector>): void;
  /** Recounts this account and all references of the store; returns what is wrong, in words. */
  check(): readonly string[];
}

/** One memory of pages. Buffers of pools of one store share pages; between stores they are copied. */
export interface PageStore {
  /** @param quota pages */
  pool(quota: number): PagePool;
  usage(): PageUsage;
}

export interface PageStoreOptions {
  /** Whether copies share whole pages; true unless said. No client sees a difference but in speed (rule 84). */
  readonly sharing?: boolean;
}

const vectors = new WeakMap<object, Vector>();

/** The pages behind a base. @throws XmError when the range is not in them, or they were freed */
export function vectorOf(base: PageVector, offset: number, length: number): Vector {
  const vector = vectors.get(base);
  if (vector === undefined) throw new TypeError('the base is no vector of pages');
  checkRange(vector, offset, length);
  return vector;
}

export function createPageStore(type: BufferType<PageVector>, { sharing = true }: PageStoreOptions = {}): PageStore {
  const arena: Arena = { memory: createPageMemory(), vectors: new Set(), sharing };
  return {
    pool: (quota) => createPool(type, arena, quota),
    usage: () => arena.memory.usage(),
  };
}

function createPool(type: BufferType<PageVector>, arena: Arena, quota: number): PagePool {
  const ours = new Set<Vector>();
  let used = 0;
  return {
    quota,
    get used() {
      return used;
    },
    alloc(length, start = 0) {
      if (!isSize(length) || !isSize(start) || start >= PAGE_BYTES) {
        throw new RangeError(`no buffer has ${length} bytes from ${start} of its first page on`);
      }
      const count = pagesFor(start, length);
      if (count > quota - used) return undefined;
      const vector = createVector(arena, count);
      const base: PageVector = Object.freeze({});
      vectors.set(base, vector);
      ours.add(vector);
      used += count;
      return localBuffer(type, base, start, length);
    },
    free({ base }) {
      const vector = vectors.get(base);
      if (vector === undefined || !ours.delete(vector))
        throw new Error('the pages are not of this pool, or were freed');
      used -= vector.slots.length;
      freeVector(vector);
    },
    check() {
      const problems = [...arena.memory.recount(referencesOf(arena))];
      let count = 0;
      for (const vector of ours) count += vector.slots.length;
      if (count !== used) problems.push(`${used} of ${count} pages are accounted for`);
      return problems;
    },
  };
}

/** Every reference to a page that exists. */
function* referencesOf({ vectors: live }: Arena): Iterable<number> {
  for (const { slots } of live) for (const page of slots) if (page !== NO_PAGE) yield page;
}
