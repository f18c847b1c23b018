// SPDX-License-Identifier: Apache-2.0
import { HypercallError, PAGE_SIZE } from './contract.ts';

// Taken before any kernel runs: one that replaces them must not be handed the memory of others.
const { load, store, add, sub, compareExchange } = Atomics;
const { Uint8Array: Bytes } = globalThis;

/** The number of no frame and of no table. */
export const NONE = 0;

/** Frames that a table names: 256 KiB are shared by one count. */
export const TABLE_FRAMES = 64;

/** Items are looked for, and added, by so many; a power of two. */
const CHUNK_SHIFT = 10;
const CHUNK = 1 << CHUNK_SHIFT;

/** Tables beside those for pages: what is on its way. */
const SPARE_TABLES = 2 ** 16;

/** Most bytes that are added at once: some systems refuse more than they have. */
const STEP = 2 ** 30;

/**
 * What a thread has in its hands, so that it is not lost wherever the thread is ended: indexes into the hands of a
 * {@link Mover}. Something new, something to give back, and a chunk whose count of taken items is still to change.
 */
export const HAND = { frame: 0, oldFrame: 1, frameDebt: 2, table: 3, oldTable: 4, tableDebt: 5 } as const;

type Words = Int32Array<SharedArrayBuffer>;

/** Things of one kind, each with a count of references in shared memory. A count of 0 means free. */
export interface Items {
  readonly counts: Words;
  /** Items of each chunk that are taken. */
  readonly taken: Words;
  /** One word: items that exist, whole chunks. */
  readonly limit: Words;
  /** The hand with what is to be added to {@link Items.taken}: 1 or -1 times the chunk, counted from 1. */
  readonly debt: number;
  /** Where to look for a free one first: low, so that memory is used again. Of this thread only. */
  cursor: number;
}

/**
 * The frames of the machine: pages that only the hypercall layers reach. Pools name frames by way of tables; a table that
 * several pools refer to never changes. All of it is shared between all threads, and a copy of this object is in each.
 */
export interface FrameMemory {
  readonly frames: Items;
  readonly tables: Items;
  /** Bytes of the frames, by number; grows. */
  readonly bytes: SharedArrayBuffer;
  /** {@link TABLE_FRAMES} numbers of frames for each table. A free table has none. */
  readonly entries: Words;
}

/** Who moves frames: a domain in its thread. */
export interface Mover {
  readonly memory: FrameMemory;
  /** Not 0; of one domain only. */
  readonly holder: number;
  /** Indexed by {@link HAND}; the hypervisor empties them when the domain has died. */
  readonly hands: Words;
}

function words(count: number): Words {
  return new Int32Array(new SharedArrayBuffer(count * 4));
}

function createItems(most: number, debt: number): Items {
  const items = { counts: words(most), taken: words(most / CHUNK), limit: words(1), debt, cursor: 0 };
  // NONE is never free.
  items.counts[NONE] = 1;
  items.taken[0] = 1;
  return items;
}

/**
 * Addresses for all that the machine can have; the operating system gives memory to what is touched. No more, because a process
 * with very many addresses cannot start others.
 *
 * @param most bytes of frames. There is a table for each frame of half of them, since each may be a buffer of its own and the
 * other half of a domain's memory is its heap
 */
export function createFrameMemory(most: number): FrameMemory {
  const frames = wholeChunks(most / PAGE_SIZE);
  const tables = wholeChunks(frames / 2 + SPARE_TABLES);
  return {
    frames: createItems(frames, HAND.frameDebt),
    tables: createItems(tables, HAND.tableDebt),
    bytes: new SharedArrayBuffer(0, { maxByteLength: frames * PAGE_SIZE }),
    // It does not grow: that would make reading it several times slower.
    entries: words(tables * TABLE_FRAMES),
  };
}

export function createHands(): Words {
  return words(Object.keys(HAND).length);
}

/** Makes sure that so many frames and tables exist. @throws HypercallError `ENOMEM` beyond what the machine can have */
export function growTo({ frames, tables, bytes }: FrameMemory, frameCount: number, tableCount: number): void {
  const [allFrames, allTables] = [wholeChunks(frameCount), wholeChunks(tableCount)];
  try {
    if (allTables > tables.counts.length) throw new RangeError(`at most ${tables.counts.length} tables`);
    while (bytes.byteLength < allFrames * PAGE_SIZE) {
      bytes.grow(Math.min(bytes.byteLength + STEP, allFrames * PAGE_SIZE));
    }
  } catch {
    throw new HypercallError('ENOMEM', `the machine cannot have ${frameCount} frames`);
  }
  if (allFrames > frames.limit[0]!) store(frames.limit, 0, allFrames);
  if (allTables > tables.limit[0]!) store(tables.limit, 0, allTables);
}

function wholeChunks(count: number): number {
  return Math.ceil(count / CHUNK) * CHUNK;
}

/** Bytes of a frame: all, unless said. */
export function bytesOf({ bytes }: FrameMemory, frame: number, start = 0, length = PAGE_SIZE): Uint8Array {
  return new Bytes(bytes, frame * PAGE_SIZE + start, length);
}

/** Visits the items that are taken. */
export function eachTaken({ counts, taken, limit }: Items, visit: (item: number, count: number) => void): void {
  for (let chunk = 0; chunk < load(limit, 0) / CHUNK; chunk++) {
    if (load(taken, chunk) === 0) continue;
    for (let item = Math.max(1, chunk * CHUNK); item < (chunk + 1) * CHUNK; item++) {
      const count = load(counts, item);
      if (count !== 0) visit(item, count);
    }
  }
}

/** Items that are taken. */
export function countTaken({ taken, limit }: Items): number {
  let count = -1;
  for (let chunk = 0; chunk < load(limit, 0) / CHUNK; chunk++) count += load(taken, chunk);
  return count;
}

/*
 * What follows keeps counts right wherever a thread is ended. V8 ends one where a function begins, those of Atomics among them,
 * and where a loop turns; never between an atomic operation and the plain stores that follow it. So each atomic operation is
 * followed by the stores that say what it did, and what is still to do lies in a hand.
 */

/**
 * Takes a free item into an empty hand; its content is undefined, but a table is empty.
 *
 * @throws HypercallError `ENOMEM` when there is none
 */
export function take(items: Items, hands: Words, hand: number): number {
  const near = takeFrom(items, items.cursor >>> CHUNK_SHIFT, hands, hand);
  if (near !== NONE) return near;
  const chunks = load(items.limit, 0) / CHUNK;
  for (let chunk = 0; chunk < chunks; chunk++) {
    const item = takeFrom(items, chunk, hands, hand);
    if (item !== NONE) return item;
  }
  throw new HypercallError('ENOMEM', 'the machine has no frame left');
}

function takeFrom(items: Items, chunk: number, hands: Words, hand: number): number {
  const { counts, taken, limit } = items;
  const first = chunk * CHUNK;
  if (first >= load(limit, 0) || load(taken, chunk) >= CHUNK) return NONE;
  for (let step = 0; step < CHUNK; step++) {
    const item = first + ((items.cursor + step) & (CHUNK - 1));
    if (counts[item] === 0 && compareExchange(counts, item, 0, 1) === 0) {
      hands[hand] = item;
      hands[items.debt] = chunk + 1;
      pay(items, hands);
      items.cursor = item;
      return item;
    }
  }
  return NONE;
}

/** Changes the count of a chunk as a hand says. */
function pay({ taken, debt }: Items, hands: Words): void {
  const owed = hands[debt]!;
  if (owed === 0) return;
  add(taken, owed < 0 ? -owed - 1 : owed - 1, owed < 0 ? -1 : 1);
  hands[debt] = 0;
}

/** Makes a slot refer to a frame too, or to {@link NONE}, instead of what it refers to. */
export function referFrame(mover: Mover, slots: Words, slot: number, frame: number): void {
  const { hands } = mover;
  const old = slots[slot]!;
  if (old === frame) return;
  if (frame !== NONE) add(mover.memory.frames.counts, frame, 1);
  slots[slot] = frame;
  hands[HAND.oldFrame] = old;
  dropFrame(mover);
}

/** Puts the frame in the hand into a slot, instead of what that refers to. */
export function putFrame(mover: Mover, slots: Words, slot: number): void {
  const { hands } = mover;
  hands[HAND.oldFrame] = slots[slot]!;
  slots[slot] = hands[HAND.frame]!;
  hands[HAND.frame] = NONE;
  dropFrame(mover);
}

function dropFrame({ memory: { frames }, hands }: Mover): void {
  const frame = hands[HAND.oldFrame]!;
  if (frame === NONE) return;
  const count = sub(frames.counts, frame, 1);
  hands[HAND.oldFrame] = NONE;
  if (count > 1) return;
  hands[HAND.frameDebt] = -(frame >>> CHUNK_SHIFT) - 1;
  pay(frames, hands);
  if (frame < frames.cursor) frames.cursor = frame;
}

/** Makes a slot refer to a table too, or to {@link NONE}, instead of what it refers to. */
export function referTable(mover: Mover, slots: Words, slot: number, table: number): void {
  const { hands } = mover;
  const old = slots[slot]!;
  if (old === table) return;
  if (table !== NONE) add(mover.memory.tables.counts, table, 1);
  slots[slot] = table;
  hands[HAND.oldTable] = old;
  dropTable(mover, HAND.oldTable);
}

/** Puts the table in the hand into a slot, instead of what that refers to. */
export function putTable(mover: Mover, slots: Words, slot: number): void {
  const { hands } = mover;
  hands[HAND.oldTable] = slots[slot]!;
  slots[slot] = hands[HAND.table]!;
  hands[HAND.table] = NONE;
  dropTable(mover, HAND.oldTable);
}

/** Gives back the table in a hand. The last reference keeps it there until it is empty. */
function dropTable(mover: Mover, hand: number): void {
  const { memory, hands } = mover;
  const { tables, entries } = memory;
  const { counts } = tables;
  const table = hands[hand]!;
  if (table === NONE) return;
  for (let count = load(counts, table); count > 1; count = load(counts, table)) {
    if (compareExchange(counts, table, count, count - 1) === count) {
      hands[hand] = NONE;
      return;
    }
  }
  const first = table * TABLE_FRAMES;
  for (let slot = first; slot < first + TABLE_FRAMES; slot++) referFrame(mover, entries, slot, NONE);
  store(counts, table, 0);
  hands[hand] = NONE;
  hands[HAND.tableDebt] = -(table >>> CHUNK_SHIFT) - 1;
  pay(tables, hands);
  if (table < tables.cursor) tables.cursor = table;
}

/** Empties the hands of who failed or died half-way. */
export function emptyHands(mover: Mover): void {
  const { memory, hands } = mover;
  pay(memory.frames, hands);
  pay(memory.tables, hands);
  dropFrame(mover);
  referFrame(mover, hands, HAND.frame, NONE);
  dropTable(mover, HAND.table);
  dropTable(mover, HAND.oldTable);
}
