// SPDX-License-Identifier: Apache-2.0
import { XmError } from '../../errors.ts';
import { NO_PAGE, PAGE_BYTES, type PageMemory } from './page-memory.ts';

/** Pages in a row, by number. A slot without one reads as zeros and gets its page with the first write. */
export interface Vector {
  readonly slots: Uint32Array;
  readonly arena: Arena;
}

/** Memory, and all vectors of pages from it. Vectors of one arena can share pages. */
export interface Arena {
  readonly memory: PageMemory;
  readonly vectors: Set<Vector>;
  /** Whether copies share whole pages; if not they copy the bytes. */
  readonly sharing: boolean;
}

const ZEROS = new Uint8Array(PAGE_BYTES);
const NO_SLOTS = new Uint32Array(1);

/** Pages that `length` bytes touch when they start at `offset`. */
export function pagesFor(offset: number, length: number): number {
  return length === 0 ? 0 : Math.ceil(((offset % PAGE_BYTES) + length) / PAGE_BYTES);
}

/** @throws RangeError when there is no memory for so many slots */
export function createVector(arena: Arena, count: number): Vector {
  const vector: Vector = { slots: new Uint32Array(count), arena };
  arena.vectors.add(vector);
  return vector;
}

/** Gives all pages back. @throws when it was freed before */
export function freeVector(vector: Vector): void {
  const { arena, slots } = vector;
  if (!arena.vectors.delete(vector)) throw new Error('pages were freed twice');
  for (const page of slots) if (page !== NO_PAGE) arena.memory.drop(page);
}

/** @throws XmError when the range does not lie within the pages, or they were freed */
export function checkRange(vector: Vector, offset: number, length: number): void {
  if (!vector.arena.vectors.has(vector)) throw new XmError('EBADF', 'the pages were freed');
  const bytes = vector.slots.length * PAGE_BYTES;
  if (length > 0 && offset + length > bytes) throw new XmError('ERANGE', `no ${length} bytes at ${offset} of ${bytes}`);
}

/** Visits the parts of a range that lie in one page each: its slot, where in the page, how long, where in the range. */
function eachPart(
  offset: number,
  length: number,
  visit: (slot: number, from: number, size: number, at: number) => void,
): void {
  for (let at = 0; at < length; ) {
    const from = (offset + at) % PAGE_BYTES;
    const size = Math.min(PAGE_BYTES - from, length - at);
    visit((offset + at - from) / PAGE_BYTES, from, size, at);
    at += size;
  }
}

/** What a slot reads as. */
function readable({ slots, arena: { memory } }: Vector, slot: number): Uint8Array {
  const page = slots[slot]!;
  return page === NO_PAGE ? ZEROS : memory.bytesOf(page);
}

/** The page of a slot to write to: nobody else's. With `whole` everything in it is about to be written. */
function writable({ slots, arena: { memory } }: Vector, slot: number, whole: boolean): Uint8Array {
  const page = slots[slot]!;
  if (memory.countOf(page) === 1) return memory.bytesOf(page);
  const own = memory.take();
  const bytes = memory.bytesOf(own);
  if (page !== NO_PAGE) {
    if (!whole) bytes.set(memory.bytesOf(page));
    memory.drop(page);
  }
  slots[slot] = own;
  return bytes;
}

/** Copies a range to memory. */
export function load(vector: Vector, offset: number, target: Uint8Array): void {
  eachPart(offset, target.length, (slot, from, size, at) => {
    const page = readable(vector, slot);
    target.set(size === PAGE_BYTES ? page : page.subarray(from, from + size), at);
  });
}

/** Copies memory to a range. */
export function save(vector: Vector, offset: number, source: Uint8Array): void {
  eachPart(offset, source.length, (slot, from, size, at) => {
    writable(vector, slot, size === PAGE_BYTES).set(source.subarray(at, at + size), from);
  });
}

/** The parts of a range, to be read and not kept beyond the references to its pages. */
export function partsToRead(vector: Vector, offset: number, length: number): Uint8Array[] {
  const parts: Uint8Array[] = [];
  eachPart(offset, length, (slot, from, size) => {
    parts.push(readable(vector, slot).subarray(from, from + size));
  });
  return parts;
}

/** The parts of a range, to be written. */
export function partsToWrite(vector: Vector, offset: number, length: number): Uint8Array[] {
  const parts: Uint8Array[] = [];
  eachPart(offset, length, (slot, from, size) => {
    parts.push(writable(vector, slot, false).subarray(from, from + size));
  });
  return parts;
}

/** A new vector with the pages of a range, which starts at `offset % PAGE_BYTES` in it. What is written later is not in it. */
export function snapshot({ slots, arena }: Vector, offset: number, length: number): Vector {
  const copy = createVector(arena, pagesFor(offset, length));
  arena.memory.share(slots, Math.floor(offset / PAGE_BYTES), copy.slots, 0, copy.slots.length);
  return copy;
}

/**
 * Copies a range of pages to another. Where both lie alike in their pages, whole pages are shared; the rest, and everything
 * if they lie differently, is copied (rule 81): a page that is not all within the range has bytes that are not given away.
 */
export function copyPages(source: Vector, from: number, target: Vector, to: number, length: number): void {
  if (source === target && Math.abs(from - to) < length) {
    const still = snapshot(source, from, length);
    try {
      copyPages(still, from % PAGE_BYTES, target, to, length);
    } finally {
      freeVector(still);
    }
    return;
  }
  const alike = source.arena === target.arena && source.arena.sharing && from % PAGE_BYTES === to % PAGE_BYTES;
  const head = Math.min(length, (PAGE_BYTES - (to % PAGE_BYTES)) % PAGE_BYTES);
  const shared = alike ? Math.floor((length - head) / PAGE_BYTES) : 0;
  const tail = head + shared * PAGE_BYTES;
  copyBytes(source, from, target, to, head);
  if (shared > 0) {
    const { memory } = source.arena;
    memory.share(source.slots, (from + head) / PAGE_BYTES, target.slots, (to + head) / PAGE_BYTES, shared);
  }
  copyBytes(source, from + tail, target, to + tail, length - tail);
}

function copyBytes(source: Vector, from: number, target: Vector, to: number, length: number): void {
  eachPart(to, length, (slot, start, size, at) => {
    load(source, from + at, writable(target, slot, size === PAGE_BYTES).subarray(start, start + size));
  });
}

/** Gives the whole pages of a range back; what else is in it stays. */
export function discardPages({ slots, arena: { memory } }: Vector, offset: number, length: number): void {
  eachPart(offset, length, (slot, _from, size) => {
    if (size === PAGE_BYTES) memory.share(NO_SLOTS, 0, slots, slot, 1);
  });
}
