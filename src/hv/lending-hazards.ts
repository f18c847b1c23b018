// SPDX-License-Identifier: Apache-2.0
import { MAX_REGISTRATIONS } from './lending-contract.ts';
import { type LendingTable, MAX_DOMAINS, someOpener } from './lending-table.ts';

const { Int32Array: Words } = globalThis;
const { load, store, notify, waitAsync } = Atomics;

/**
 * What every domain of the machine is touching now: a row for each domain's place, in memory that hypercall layers share. Who
 * touches a lent buffer first says so here and then looks whether it is still lent; who ends it does the two the other way
 * round. One of them sees the other, in any interleaving (hazard pointers). A domain that dies anywhere leaves words that can be
 * cleared, where a count could not be put right.
 */
export type Hazards = Int32Array<SharedArrayBuffer>;

/** Words of a row. Word 0 says how many have been used. */
const ROW = 1024;
/** The word for copies, of which a thread does one at a time. */
export const COPY_WORD = 1;
/** Words for pins: from this one on, so many. */
export const PIN_WORD = 2;
export const PIN_WORDS = ROW - PIN_WORD;

export function createHazards(): Hazards {
  return new Words(new SharedArrayBuffer(MAX_DOMAINS * ROW * 4));
}

/** What a hazard word holds while an entry of the domain in `place` is touched; never 0. */
export function hazardOf(place: number, index: number): number {
  return place * MAX_REGISTRATIONS + index + 1;
}

/** Entry and place that a hazard word stands for. */
export function hazardTarget(hazard: number): { readonly place: number; readonly index: number } {
  const index = (hazard - 1) % MAX_REGISTRATIONS;
  return { place: (hazard - 1 - index) / MAX_REGISTRATIONS, index };
}

/** Index of a word of a domain's row, made visible to those who look. */
export function hazardWord(hazards: Hazards, place: number, word: number): number {
  const row = place * ROW;
  if (load(hazards, row) <= word) store(hazards, row, word + 1);
  return row + word;
}

/** Index of a word of a row that holds `hazard`, or undefined. */
function findIn(hazards: Hazards, place: number, hazard: number): number | undefined {
  const row = place * ROW;
  const end = row + load(hazards, row);
  for (let at = row + 1; at < end; at++) if (load(hazards, at) === hazard) return at;
  return undefined;
}

/**
 * Calls `done` when nobody touches an entry, which is not live any more: at once if that is so now.
 *
 * @param table of the entry's owner: only those who opened it can touch it
 */
export function whenUntouched(hazards: Hazards, table: LendingTable, hazard: number, done: () => void): void {
  let found: number | undefined;
  const touched = someOpener(table, (place) => {
    found = findIn(hazards, place, hazard);
    return found !== undefined;
  });
  if (!touched || found === undefined) {
    done();
    return;
  }
  const again = (): void => whenUntouched(hazards, table, hazard, done);
  const wait = waitAsync(hazards, found, hazard);
  if (wait.async) void wait.value.then(again);
  // Not at once: a user that comes and goes all the time must not use up the stack.
  else setImmediate(again);
}

/** Clears the row of a dead domain, and wakes those who waited for it. @returns what it was touching */
export function clearRow(hazards: Hazards, place: number): number[] {
  const row = place * ROW;
  const touched: number[] = [];
  const end = row + load(hazards, row);
  for (let at = row + 1; at < end; at++) {
    const hazard = load(hazards, at);
    if (hazard === 0) continue;
    touched.push(hazard);
    store(hazards, at, 0);
    notify(hazards, at);
  }
  store(hazards, row, 0);
  return touched;
}
