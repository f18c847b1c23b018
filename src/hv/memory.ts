// SPDX-License-Identifier: Apache-2.0
import { type Extent, HypercallError, MAX_ORDER, PAGE_SIZE } from './contract.ts';

/** The extents of one domain, as the hypervisor accounts them. */
export interface DomainMemory {
  readonly quotaPages: number;
  /** @returns false, and changes nothing, when more is used */
  setQuota(pages: number): boolean;
  usedPages(): number;
  count(): number;
  list(): readonly Extent[];
  /** @throws HypercallError `EINVAL`, or `ENOMEM` beyond the quota */
  alloc(order: number): Extent;
  /** @throws HypercallError `EINVAL` for an extent that is not the domain's */
  get(id: number): Extent;
  find(id: number): Extent | undefined;
  free(id: number): void;
  /** Makes something that counts for so many pages. @throws HypercallError `ENOMEM` beyond the quota */
  charge<T>(pages: number, make: () => T): T;
  /** Zeroed memory that is no extent but counts for the quota, in whole pages. @throws HypercallError `ENOMEM` beyond it */
  take(bytes: number): SharedArrayBuffer;
  /** Gives it back, once. */
  give(buffer: SharedArrayBuffer): void;
}

/**
 * Every extent is a buffer of its own and is never handed to another domain afterwards: a peer that still holds a view sees
 * a dead buffer, not somebody's new page.
 */
export function createDomainMemory(pages: number): DomainMemory {
  const extents = new Map<number, Extent>();
  let quotaPages = pages;
  let used = 0;
  let nextId = 1;

  function charge<T>(pages: number, make: () => T): T {
    if (used + pages > quotaPages) {
      throw new HypercallError('ENOMEM', `${pages} pages asked for, ${quotaPages - used} of ${quotaPages} left`);
    }
    // Made before it is counted: where the machine has no memory left, the quota stays as it was.
    const made = make();
    used += pages;
    return made;
  }

  function take(bytes: number): SharedArrayBuffer {
    return charge(pagesOf(bytes), () => new SharedArrayBuffer(bytes));
  }

  function give({ byteLength }: SharedArrayBuffer): void {
    used -= pagesOf(byteLength);
  }

  return {
    get quotaPages() {
      return quotaPages;
    },
    setQuota(pages) {
      if (pages < used) return false;
      quotaPages = pages;
      return true;
    },
    usedPages: () => used,
    count: () => extents.size,
    list: () => [...extents.values()],
    alloc(order) {
      if (!Number.isInteger(order) || order < 0 || order > MAX_ORDER) {
        throw new HypercallError('EINVAL', `no extent of order ${order}: at most ${MAX_ORDER}`);
      }
      const extent: Extent = { id: nextId, order, buffer: take(2 ** order * PAGE_SIZE) };
      nextId++;
      extents.set(extent.id, extent);
      return extent;
    },
    get(id) {
      const extent = extents.get(id);
      if (extent === undefined) throw new HypercallError('EINVAL', `no extent ${id}`);
      return extent;
    },
    find: (id) => extents.get(id),
    free(id) {
      give(this.get(id).buffer);
      extents.delete(id);
    },
    charge,
    take,
    give,
  };
}

/** Pages that hold so many bytes. */
export const pagesOf = (bytes: number): number => Math.ceil(bytes / PAGE_SIZE);
