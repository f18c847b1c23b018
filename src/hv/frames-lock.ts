// SPDX-License-Identifier: Apache-2.0
import { XmError } from '../errors.ts';

// Taken before any kernel runs: one that replaces them must not be handed the words.
const { compareExchange, wait } = Atomics;

/** The words of a page pool: its lock, then its slots for tables. */
export type PoolWords = Int32Array<SharedArrayBuffer>;

/** The word of the lock. */
export const LOCK = 0;
/** The word of a pool's first slot. */
export const FIRST_SLOT = 1;

/** A lock that nobody holds. */
export const FREE = 0;
const GONE = -1;

/** Looks at a lock before sleeping: it is held for microseconds. */
const SPINS = 2000;
/** Milliseconds to sleep; who unlocks wakes nobody, as it hardly ever matters. */
const NAP = 1;
/** Sleeps after which something is wrong with who holds it, longer than it takes to settle a dead domain. */
const MOST_NAPS = 5000;

/**
 * Locks a pool for `holder`, not 0. Whoever holds a lock calls nobody else's code, never waits but for another lock, in the
 * order of the pools, and gives it back by storing {@link FREE}, calling no function (see `reserveStack`); the hypervisor
 * unlocks what a dead domain held ({@link unlockFor}).
 *
 * @returns false when the pool is gone
 * @throws XmError `EBUSY` when it stays locked for seconds
 */
export function lock(words: PoolWords, holder: number): boolean {
  for (let spins = 1; spins <= SPINS * MOST_NAPS; spins++) {
    const held = compareExchange(words, LOCK, FREE, holder);
    if (held === FREE) return true;
    if (held === GONE) return false;
    if (spins % SPINS === 0) wait(words, LOCK, held, NAP);
  }
  throw new XmError('EBUSY', 'a pool of pages stays locked');
}

/** Unlocks if a domain that has died holds the lock. */
export function unlockFor(words: PoolWords, holder: number): void {
  compareExchange(words, LOCK, holder, FREE);
}

/** Locks for ever, without waiting for long. @returns false when somebody holds the lock: try again */
export function close(words: PoolWords): boolean {
  for (let spins = 0; spins < SPINS; spins++) {
    if (compareExchange(words, LOCK, FREE, GONE) === FREE) return true;
  }
  return false;
}
