// SPDX-License-Identifier: Apache-2.0
import { fillSequence, type LendingTable } from './lending-table.ts';

const { add, load, notify, or, store, waitAsync } = Atomics;

/** One bit for each byte lent, set when it has been written: what arrives twice, or late, counts once (rule 66 v). */
export type FillMap = Int32Array<SharedArrayBuffer>;

/** Whole words for so many bits. */
export const fillWords = (length: number): number => Math.ceil(length / 32);

/** The low `count` bits, of at most 32. */
const lowBits = (count: number): number => (count >= 32 ? -1 : (1 << count) - 1);

/** Sets the bits of a range, which lies within the map. */
export function markFilled(map: FillMap, from: number, length: number): void {
  const end = from + length;
  for (let bit = from; bit < end; ) {
    const start = bit & 31;
    const size = Math.min(32 - start, end - bit);
    const word = bit >>> 5;
    // Bits are only ever set: a word that is all set may simply be stored.
    if (size === 32) store(map, word, -1);
    else or(map, word, lowBits(size) << start);
    bit += size;
  }
}

/** Tells the owner of an entry that something arrived. */
export function tellFilled(table: LendingTable, index: number): void {
  const at = fillSequence(index);
  add(table, at, 1);
  notify(table, at);
}

/**
 * Watches until all of an entry is filled.
 *
 * @param length bytes lent
 * @param live whether to go on; {@link tellFilled} has it asked
 */
export function watchFill(
  table: LendingTable,
  index: number,
  map: FillMap,
  length: number,
  live: () => boolean,
  onFilled: () => void,
): void {
  const at = fillSequence(index);
  const last = fillWords(length) - 1;
  let gap = 0;

  function isFull(): boolean {
    if (last < 0) return true;
    while (gap < last && load(map, gap) === -1) gap++;
    const wanted = gap === last ? lowBits(length - 32 * last) : -1;
    return gap >= last && (load(map, last) & wanted) === wanted;
  }

  function look(): void {
    if (!live()) return;
    // Read before looking, so that what arrives after is not slept through.
    const sequence = load(table, at);
    if (isFull()) {
      onFilled();
      return;
    }
    const wait = waitAsync(table, at, sequence);
    if (wait.async) void wait.value.then(look);
    else setImmediate(look);
  }

  // Not at once, also for what is empty: who registers has to return first.
  setImmediate(look);
}
