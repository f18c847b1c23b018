// SPDX-License-Identifier: Apache-2.0

/** Bytes of a page. */
export const PAGE_BYTES = 4096;

/** The number of no page. */
export const NO_PAGE = 0;

/** Pages that are made at once. */
const EXTENT_PAGES = 64;

/** What sharing pages saves. */
export interface PageUsage {
  /** Pages that hold something. */
  readonly pages: number;
  /** References to them. */
  readonly references: number;
  /** Pages with more than one reference. */
  readonly shared: number;
  /** Pages that would be needed in addition if none were shared. */
  readonly saved: number;
}

/** Pages by number, with a count of references each; whoever has the only one may write to it. */
export interface PageMemory {
  /** A page of zeros with one reference. */
  take(): number;
  /** Gives a reference back, and with the last one the page. */
  drop(page: number): void;
  bytesOf(page: number): Uint8Array;
  /** References to a page. */
  countOf(page: number): number;
  /**
   * Makes `count` slots of `target` refer to the pages of as many of `source`, instead of what they refer to. The slots of one
   * array do not overlap.
   */
  share(source: Uint32Array, from: number, target: Uint32Array, to: number, count: number): void;
  usage(): PageUsage;
  /** Compares all counts with the references that exist; returns what is wrong, in words. */
  recount(references: Iterable<number>): readonly string[];
}

export function createPageMemory(): PageMemory {
  /** By page; that of {@link NO_PAGE} only takes a place. */
  const bytes: Uint8Array[] = [new Uint8Array(0)];
  const free: number[] = [];
  let counts = new Uint32Array(1 + EXTENT_PAGES);

  function grow(): void {
    const extent = new ArrayBuffer(EXTENT_PAGES * PAGE_BYTES);
    const first = bytes.length;
    for (let page = 0; page < EXTENT_PAGES; page++) {
      bytes.push(new Uint8Array(extent, page * PAGE_BYTES, PAGE_BYTES));
      free.push(first + EXTENT_PAGES - 1 - page);
    }
    if (bytes.length <= counts.length) return;
    const more = new Uint32Array(bytes.length * 2);
    more.set(counts);
    counts = more;
  }

  function drop(page: number): void {
    const count = counts[page]!;
    if (count === 0) throw new Error(`page ${page} has no reference to give back`);
    counts[page] = count - 1;
    if (count === 1) free.push(page);
  }

  return {
    take() {
      if (free.length === 0) grow();
      const page = free.pop()!;
      // Also if all of it is going to be written: a transfer that fails half-way shows nothing of its last owner.
      bytes[page]!.fill(0);
      counts[page] = 1;
      return page;
    },
    drop,
    bytesOf: (page) => bytes[page]!,
    countOf: (page) => counts[page]!,
    share(source, from, target, to, count) {
      // The one loop whose speed is the speed of sharing.
      const references = counts;
      for (let slot = 0; slot < count; slot++) {
        const page = source[from + slot]!;
        const old = target[to + slot]!;
        if (page === old) continue;
        target[to + slot] = page;
        if (page !== NO_PAGE) references[page]!++;
        if (old !== NO_PAGE && --references[old]! === 0) free.push(old);
      }
    },
    usage() {
      let pages = 0;
      let references = 0;
      let shared = 0;
      for (let page = 1; page < bytes.length; page++) {
        const count = counts[page]!;
        references += count;
        if (count > 0) pages++;
        if (count > 1) shared++;
      }
      return { pages, references, shared, saved: references - pages };
    },
    recount(references) {
      const found = new Map<number, number>();
      for (const page of references) found.set(page, (found.get(page) ?? 0) + 1);
      const problems: string[] = [];
      for (let page = 1; page < bytes.length; page++) {
        const count = found.get(page) ?? 0;
        if (counts[page] !== count) problems.push(`page ${page} counts ${counts[page]} of ${count} references`);
      }
      const unused = new Set(free);
      if (unused.size !== free.length) problems.push('a page is free twice');
      for (const page of unused) if (found.has(page)) problems.push(`page ${page} is free and referred to`);
      if (unused.size + found.size !== bytes.length - 1) {
        problems.push(`${unused.size} free and ${found.size} other pages are not ${bytes.length - 1}`);
      }
      return problems;
    },
  };
}
