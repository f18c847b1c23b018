// SPDX-License-Identifier: Apache-2.0
import { XmError } from '../errors.ts';
import { fillBytes, lengthOf, plainBytes, setBytes } from './bytes.ts';
import { type FrameInfo, type FrameVector, PAGE_SIZE } from './contract.ts';
import { FIRST_SLOT, FREE, LOCK, lock, type PoolWords } from './frames-lock.ts';
import {
  bytesOf,
  emptyHands,
  HAND,
  type Mover,
  NONE,
  putFrame,
  putTable,
  referFrame,
  referTable,
  TABLE_FRAMES,
  take,
} from './frames-memory.ts';
import { ownWeakMap } from './own-map.ts';
import { reserveStack } from './stack.ts';

// Taken before any kernel runs.
const { load, store } = Atomics;
const { isSafeInteger } = Number;
const { min } = Math;

/** Bytes that a table names. */
const TABLE_BYTES = TABLE_FRAMES * PAGE_SIZE;

/** Bytes that are worked at, at least, before others get the lock: copied in a hundred microseconds. */
const BYTES_PER_LOCK = 2 ** 20;

/** A pool, as who moves its frames reaches it: its owner or, where a range was lent, another domain. */
export interface PoolAccess {
  /** Unique in the machine; locks are taken in this order. */
  readonly id: number;
  readonly words: PoolWords;
  readonly mover: Mover;
  /** The domain has ended, although its thread may go on with others: nothing is moved for it any more. */
  over?: boolean;
}

/** Where the pages of a vector are. */
export interface Place {
  readonly pool: PoolAccess;
  /** The slot of its first table. */
  readonly slot: number;
  readonly pages: number;
  /** Whether it is there for a transfer, beside the quota. */
  readonly transit?: boolean;
  /** How often it is lent; as long as it is, it cannot be freed. */
  lent: number;
}

const places = ownWeakMap<object, Place>();

/** Makes a name for pages. */
export function createFrameVector(place: Omit<Place, 'lent'>): FrameVector {
  const vector: FrameVector = Object.freeze({ pages: place.pages });
  places.set(vector, { ...place, lent: 0 });
  return vector;
}

/** @throws TypeError when it is no vector. @throws XmError `EBADF` when it was freed */
export function placeOf(vector: FrameVector): Place {
  const place = places.get(vector);
  if (place === undefined) throw new XmError('EBADF', 'no vector of pages, or the pages were freed');
  return place;
}

/** All pages of a pool, as who was lent some of them names them: by their bytes from the start of the pool. */
export function wholePool(pool: PoolAccess): FrameVector {
  return createFrameVector({ pool, slot: 0, pages: (pool.words.length - FIRST_SLOT) * TABLE_FRAMES });
}

/** Where a vector starts in its pool, bytes. */
export function startOf({ slot }: Place): number {
  return slot * TABLE_BYTES;
}

/** Slots for tables that so many pages take. */
export function slotsFor(pages: number): number {
  return Math.ceil(pages / TABLE_FRAMES);
}

/** Gives all pages of a vector back; it names nothing from now on. */
export function endFrameVector(vector: FrameVector): void {
  const { pool, slot, pages } = placeOf(vector);
  places.delete(vector);
  locked(pool, pool, () => {
    for (let at = slot; at < slot + slotsFor(pages); at++) referTable(pool.mover, pool.words, FIRST_SLOT + at, NONE);
  });
}

/** A range as it lies in its pool: `at` counts bytes from the first slot of all. */
interface Range {
  readonly pool: PoolAccess;
  readonly at: number;
}

/** @throws XmError when the range does not lie within the pages, or they were freed */
function rangeOf(vector: FrameVector, offset: number, length: number): Range {
  const { pool, slot, pages } = placeOf(vector);
  const bytes = pages * PAGE_SIZE;
  const whole = isSafeInteger(offset) && isSafeInteger(length) && offset >= 0 && length >= 0;
  if (!whole || (length > 0 && offset + length > bytes)) {
    throw new XmError('ERANGE', `no ${length} bytes at ${offset} of ${bytes}`);
  }
  return { pool, at: slot * TABLE_BYTES + offset };
}

/** @throws XmError `ERANGE` when the range does not lie within the pages, `EBADF` when they were freed */
export function checkFrames(vector: FrameVector, offset: number, length: number): void {
  rangeOf(vector, offset, length);
}

/** Runs `work` while nobody else is at the pools. What an earlier one left in the hands, when it failed, is dropped first. */
function locked(one: PoolAccess, other: PoolAccess, work: () => void): void {
  if (one.over === true || other.over === true) throw gone();
  const [first, second] = one.id < other.id ? [one, other] : [other, one];
  reserveStack();
  if (!lock(first.words, first.mover.holder)) throw gone();
  try {
    emptyHands(first.mover);
    if (first.id === second.id) work();
    else if (!lock(second.words, second.mover.holder)) throw gone();
    else {
      try {
        emptyHands(second.mover);
        work();
      } finally {
        store(second.words, LOCK, FREE);
      }
    }
  } finally {
    store(first.words, LOCK, FREE);
  }
}

function gone(): XmError {
  return new XmError('EBADF', 'the pool of the pages is gone');
}

const slotOf = (at: number): number => FIRST_SLOT + Math.floor(at / TABLE_BYTES);
const pageOf = (at: number): number => Math.floor(at / PAGE_SIZE) % TABLE_FRAMES;

/** The frame behind a byte of a pool. */
function frameOf({ words, mover: { memory } }: PoolAccess, at: number): number {
  const table = words[slotOf(at)]!;
  return table === NONE ? NONE : memory.entries[table * TABLE_FRAMES + pageOf(at)]!;
}

/** The table behind a byte of a pool, for changing it: nobody else's. */
function ownTable({ words, mover }: PoolAccess, at: number): number {
  const { entries, tables } = mover.memory;
  const slot = slotOf(at);
  const table = words[slot]!;
  if (table !== NONE && load(tables.counts, table) === 1) return table;
  const own = take(tables, mover.hands, HAND.table);
  if (table !== NONE) {
    for (let page = 0; page < TABLE_FRAMES; page++) {
      referFrame(mover, entries, own * TABLE_FRAMES + page, entries[table * TABLE_FRAMES + page]!);
    }
  }
  putTable(mover, words, slot);
  return own;
}

/**
 * Runs `fill` with the page behind a byte of a pool: one that nobody else has. Until `fill` has ended, a new one is in the
 * hand only.
 *
 * @param whole everything in it is going to be written
 */
function write(pool: PoolAccess, at: number, whole: boolean, fill: (page: Uint8Array) => void): void {
  const { memory, hands } = pool.mover;
  const entry = ownTable(pool, at) * TABLE_FRAMES + pageOf(at);
  const frame = memory.entries[entry]!;
  if (frame !== NONE && load(memory.frames.counts, frame) === 1) {
    fill(bytesOf(memory, frame));
    return;
  }
  const page = bytesOf(memory, take(memory.frames, hands, HAND.frame));
  if (!whole && frame === NONE) fillBytes(page, 0);
  else if (!whole) setBytes(page, bytesOf(memory, frame), 0);
  fill(page);
  putFrame(pool.mover, memory.entries, entry);
}

/** Visits the parts of a range that lie in one page each: where, how long, where in the range. */
function eachPart(range: Range, length: number, visit: (at: number, size: number, done: number) => void): void {
  eachRun(range, range, length, PAGE_SIZE, (at, _to, size) => visit(at, size, at - range.at));
}

/** Copies a range to memory. @throws XmError `ERANGE`, or `EBADF` when the pages are gone */
export function loadFrames(vector: FrameVector, offset: number, target: Uint8Array): void {
  const bytes = plainBytes(target);
  const length = lengthOf(bytes);
  const range = rangeOf(vector, offset, length);
  const { memory } = range.pool.mover;
  eachPart(range, length, (at, size, done) => {
    const frame = frameOf(range.pool, at);
    if (frame === NONE) fillBytes(bytes, 0, done, done + size);
    else setBytes(bytes, bytesOf(memory, frame, at % PAGE_SIZE, size), done);
  });
}

/** Copies memory to a range. @throws XmError `ERANGE`, or `EBADF` when the pages are gone */
export function saveFrames(vector: FrameVector, offset: number, source: Uint8Array): void {
  const length = lengthOf(source);
  const range = rangeOf(vector, offset, length);
  eachPart(range, length, (at, size, done) => {
    const part = plainBytes(source, done, size);
    write(range.pool, at, size === PAGE_SIZE, (page) => setBytes(page, part, at % PAGE_SIZE));
  });
}

/** Gives the whole pages of a range back; what else is in it stays. */
export function discardFrames(vector: FrameVector, offset: number, length: number): void {
  const range = rangeOf(vector, offset, length);
  const { mover } = range.pool;
  eachPart(range, length, (at, size) => {
    if (size < PAGE_SIZE || frameOf(range.pool, at) === NONE) return;
    referFrame(mover, mover.memory.entries, ownTable(range.pool, at) * TABLE_FRAMES + pageOf(at), NONE);
  });
}

/**
 * Copies a range of pages to another, which may overlap. Where both lie alike in their pages, whole pages are shared, and whole
 * tables where they lie alike in those; the rest is copied (spec/idc.md 1.3, rule 81): a page that is not all within the
 * range has bytes that are not given away.
 *
 * @param sharing false to copy everything
 */
export function copyFrames(
  source: FrameVector,
  from: number,
  target: FrameVector,
  to: number,
  length: number,
  sharing: boolean,
): void {
  const one = rangeOf(source, from, length);
  const other = rangeOf(target, to, length);
  const alike = sharing && from % PAGE_SIZE === to % PAGE_SIZE;
  const head = alike ? Math.min(length, (PAGE_SIZE - (to % PAGE_SIZE)) % PAGE_SIZE) : length;
  const pages = Math.floor((length - head) / PAGE_SIZE);
  const tail = head + pages * PAGE_SIZE;
  const copy = (start: number, size: number): void => {
    if (size > 0) copyBytes(part(one, start), part(other, start), size);
  };
  // As memory is moved: what is still to be read is not written before.
  if (one.pool.id === other.pool.id && other.at > one.at) {
    copy(tail, length - tail);
    sharePages(part(one, head), part(other, head), pages);
    copy(0, head);
  } else {
    copy(0, head);
    sharePages(part(one, head), part(other, head), pages);
    copy(tail, length - tail);
  }
}

const part = ({ pool, at }: Range, offset: number): Range => ({ pool, at: at + offset });

/**
 * Works through two ranges, in runs that lie in one unit of both, and lets others have the locks from time to time. Where the
 * ranges may overlap it goes from the end on if that is needed.
 */
function eachRun(
  source: Range,
  target: Range,
  length: number,
  unit: number,
  visit: (from: number, to: number, size: number) => void,
): void {
  const { pool: one, at: from } = source;
  const { pool: other, at: to } = target;
  const backwards = one.id === other.id && to > from;
  let low = 0;
  let high = length;
  while (low < high) {
    locked(one, other, () => {
      for (let done = 0; done < BYTES_PER_LOCK && low < high; ) {
        const most = high - low;
        const size = backwards
          ? min(most, (from + high) % unit || unit, (to + high) % unit || unit)
          : min(most, unit - ((from + low) % unit), unit - ((to + low) % unit));
        if (backwards) high -= size;
        const start = backwards ? high : low;
        visit(from + start, to + start, size);
        if (!backwards) low += size;
        done += size;
      }
    });
  }
}

function sharePages(source: Range, target: Range, pages: number): void {
  const { mover } = target.pool;
  const { entries } = mover.memory;
  eachRun(source, target, pages * PAGE_SIZE, TABLE_BYTES, (from, to, size) => {
    const table = source.pool.words[slotOf(from)]!;
    if (size === TABLE_BYTES) {
      referTable(mover, target.pool.words, slotOf(to), table);
      return;
    }
    const own = ownTable(target.pool, to) * TABLE_FRAMES + pageOf(to);
    // Read only now: it may be the one that has become another.
    const other = source.pool.words[slotOf(from)]! * TABLE_FRAMES + pageOf(from);
    const count = size / PAGE_SIZE;
    // Within one table the order matters, as for bytes.
    const backwards = own > other;
    for (let page = 0; page < count; page++) {
      const index = backwards ? count - 1 - page : page;
      referFrame(mover, entries, own + index, entries[other + index]!);
    }
  });
}

function copyBytes(source: Range, target: Range, length: number): void {
  eachRun(source, target, length, PAGE_SIZE, (from, to, size) => {
    write(target.pool, to, size === PAGE_SIZE, (page) => {
      const frame = frameOf(source.pool, from);
      const start = to % PAGE_SIZE;
      if (frame === NONE) fillBytes(page, 0, start, start + size);
      else setBytes(page, bytesOf(source.pool.mover.memory, frame, from % PAGE_SIZE, size), start);
    });
  });
}

/** What can be said of a page of a vector without showing it; undefined: never written, or dropped. */
export function frameAt(vector: FrameVector, page: number): FrameInfo | undefined {
  const { pool, at } = rangeOf(vector, page * PAGE_SIZE, PAGE_SIZE);
  const { frames, tables } = pool.mover.memory;
  let info: FrameInfo | undefined;
  locked(pool, pool, () => {
    const id = frameOf(pool, at);
    if (id === NONE) return;
    const others = load(tables.counts, pool.words[slotOf(at)]!) - 1;
    info = { id, references: load(frames.counts, id) + others };
  });
  return info;
}

/**
 * The parts of a range, for an operation of the operating system on pages that nobody changes meanwhile.
 *
 * @param writing each part gets a page of its own, of undefined content
 */
export function framesInPlace(vector: FrameVector, offset: number, length: number, writing: boolean): Uint8Array[] {
  const range = rangeOf(vector, offset, length);
  const parts: Uint8Array[] = [];
  const { pool } = range;
  eachPart(range, length, (at, size) => {
    if (writing) write(pool, at, true, () => {});
    const frame = frameOf(pool, at);
    const { memory } = pool.mover;
    parts.push(
      frame === NONE
        ? new Uint8Array(size)
        : bytesOf(memory, frame)
            .subarray(at % PAGE_SIZE)
            .subarray(0, size),
    );
  });
  return parts;
}
