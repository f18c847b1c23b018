// SPDX-License-Identifier: Apache-2.0
import { MAX_REGISTRATIONS } from './lending-contract.ts';

// Taken before any kernel runs: one that replaces them must not be handed the table.
const { Int32Array: Words } = globalThis;
const { load, store, or, and } = Atomics;

/**
 * What a domain lends: written by its own hypercall layer, read by those of the domains that use it, and seen by no kernel.
 * A domain that dies leaves its table dead.
 */
export type LendingTable = Int32Array<SharedArrayBuffer>;

/** Domains of a machine. Each has a place of its own, which is another's only after its death. */
export const MAX_DOMAINS = 4096;

/** Life of an entry; `ending` until nobody uses it any more. */
export const ENTRY_STATE = { free: 0, live: 1, ending: 2 } as const;
/** What an entry names: a range of an extent of the owner, or of a pool of hidden pages. */
export const ENTRY_KIND = { extent: 0, frames: 1 } as const;
export const RIGHT_BITS = { read: 1, write: 2, readwrite: 3 } as const;

const DEAD = 0;
/** Entries behind this one have never been used. */
const USED = 1;
/** One bit for each word of the openers: those that were ever used, so that a fence looks at few. */
const OPENER_WORDS = 8;
const OPENERS = 16;
const ENTRIES = 1024;
const ENTRY_WORDS = 16;

const STATE = 0;
const KIND = 1;
const RIGHTS = 2;
const MAPPABLE = 3;
const SOURCE = 4;
const OFFSET = 5;
const LENGTH = 7;
const NONCE = 9;
const FILL_SOURCE = 12;
const FILL_OFFSET = 13;
const FILL_SEQUENCE = 14;

const HIGH = 2 ** 32;

/** What is lent, as it stands in the table. Offsets and lengths in bytes. */
export interface Entry {
  /** Of {@link ENTRY_KIND}. */
  readonly kind: number;
  /** Of {@link RIGHT_BITS}. */
  readonly rights: number;
  readonly mappable: boolean;
  /** Id of the extent, or the negative of the pool's. */
  readonly source: number;
  readonly offset: number;
  readonly length: number;
  /** Id of the extent where arriving bytes are counted, or 0. */
  readonly fillSource: number;
  readonly fillOffset: number;
}

/** 96 random bits: equal nonces are the same registration. */
export type Nonce = readonly [number, number, number];

/** The table of a domain that begins its life. Memory that is never touched costs nothing. */
export function createLendingTable(): LendingTable {
  return new Words(new SharedArrayBuffer((ENTRIES + MAX_REGISTRATIONS * ENTRY_WORDS) * 4));
}

const wordOf = (index: number): number => ENTRIES + index * ENTRY_WORDS;

function put(table: LendingTable, at: number, value: number): void {
  table[at] = value | 0;
  table[at + 1] = Math.floor(value / HIGH);
}

function get(table: LendingTable, at: number): number {
  return (table[at]! >>> 0) + (table[at + 1]! >>> 0) * HIGH;
}

/** Fills a free entry; it is live when this returns. */
export function writeEntry(table: LendingTable, index: number, entry: Entry, [first, second, third]: Nonce): void {
  const at = wordOf(index);
  table[at + KIND] = entry.kind;
  table[at + RIGHTS] = entry.rights;
  table[at + MAPPABLE] = entry.mappable ? 1 : 0;
  table[at + SOURCE] = entry.source;
  put(table, at + OFFSET, entry.offset);
  put(table, at + LENGTH, entry.length);
  table[at + NONCE] = first;
  table[at + NONCE + 1] = second;
  table[at + NONCE + 2] = third;
  table[at + FILL_SOURCE] = entry.fillSource;
  table[at + FILL_OFFSET] = entry.fillOffset;
  if (load(table, USED) <= index) store(table, USED, index + 1);
  store(table, at + STATE, ENTRY_STATE.live);
}

/** What an entry says: true of one that is live, and cannot be used again while it is read. */
export function readEntry(table: LendingTable, index: number): Entry {
  const at = wordOf(index);
  return {
    kind: table[at + KIND]!,
    rights: table[at + RIGHTS]!,
    mappable: table[at + MAPPABLE] === 1,
    source: table[at + SOURCE]!,
    offset: get(table, at + OFFSET),
    length: get(table, at + LENGTH),
    fillSource: table[at + FILL_SOURCE]!,
    fillOffset: table[at + FILL_OFFSET]!,
  };
}

export function readNonce(table: LendingTable, index: number): Nonce {
  const at = wordOf(index) + NONCE;
  return [table[at]!, table[at + 1]!, table[at + 2]!];
}

/** The word of an entry's state. */
export function stateWord(index: number): number {
  return wordOf(index) + STATE;
}

export function entryState(table: LendingTable, index: number): number {
  return load(table, stateWord(index));
}

export function setEntryState(table: LendingTable, index: number, state: number): void {
  store(table, stateWord(index), state);
}

/** Whether an entry is live and the same registration as before. */
export function isLive(table: LendingTable, index: number, [first, second, third]: Nonce): boolean {
  const at = wordOf(index);
  if (load(table, at + STATE) !== ENTRY_STATE.live) return false;
  const difference =
    (table[at + NONCE]! ^ first) | (table[at + NONCE + 1]! ^ second) | (table[at + NONCE + 2]! ^ third);
  return difference === 0;
}

/** The word that counts arrivals at an entry, on which its owner waits. */
export function fillSequence(index: number): number {
  return wordOf(index) + FILL_SEQUENCE;
}

/** Whether the domain is dead, and another one with its number would have another table. */
export function isDead(table: LendingTable): boolean {
  return load(table, DEAD) !== 0;
}

/** Ends everything in the table of a dead domain. */
export function killTable(table: LendingTable): void {
  store(table, DEAD, 1);
  for (let index = load(table, USED) - 1; index >= 0; index--) setEntryState(table, index, ENTRY_STATE.free);
}

/** Entries that are not free. */
export function usedEntries(table: LendingTable): number[] {
  const used: number[] = [];
  for (let index = load(table, USED) - 1; index >= 0; index--) {
    if (entryState(table, index) !== ENTRY_STATE.free) used.push(index);
  }
  return used;
}

/** Writes down that the domain in a place knows this table from now on, or does not any more. */
export function setOpener(table: LendingTable, place: number, opened: boolean): void {
  const bit = 1 << (place & 31);
  if (opened) {
    or(table, OPENERS + (place >>> 5), bit);
    or(table, OPENER_WORDS + (place >>> 10), 1 << ((place >>> 5) & 31));
  } else {
    and(table, OPENERS + (place >>> 5), ~bit);
  }
}

/** Looks for a place whose domain knows this table and for which `test` holds. */
export function someOpener(table: LendingTable, test: (place: number) => boolean): boolean {
  for (let group = 0; group < MAX_DOMAINS >>> 10; group++) {
    let words = load(table, OPENER_WORDS + group);
    while (words !== 0) {
      const word = 31 - Math.clz32(words);
      words &= ~(1 << word);
      let bits = load(table, OPENERS + (group << 5) + word);
      while (bits !== 0) {
        const index = 31 - Math.clz32(bits);
        bits &= ~(1 << index);
        if (test((group << 10) | (word << 5) | index)) return true;
      }
    }
  }
  return false;
}
