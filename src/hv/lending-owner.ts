// SPDX-License-Identifier: Apache-2.0
import { randomFillSync } from 'node:crypto';
import { type DomId, type Extent, type FrameVector, PAGE_SIZE } from './contract.ts';
import { placeOf, startOf } from './frames-vector.ts';
import {
  type FillOptions,
  type Lender,
  type LendOptions,
  MAX_REGISTRATIONS,
  type Registrar,
  type Registration,
} from './lending-contract.ts';
import { fillWords, tellFilled, watchFill } from './lending-fill.ts';
import { hazardOf, whenUntouched } from './lending-hazards.ts';
import type { LendingDoor } from './lending-messages.ts';
import { wholeReference } from './lending-reference.ts';
import {
  ENTRY_KIND,
  ENTRY_STATE,
  type Entry,
  type Nonce,
  RIGHT_BITS,
  setEntryState,
  writeEntry,
} from './lending-table.ts';

// Taken before any kernel runs: one that replaces it must not choose nonces.
const randomFill = randomFillSync;
const { Int32Array: Words } = globalThis;

const NONCE_WORDS = 3;
/** Nonces drawn at once. */
const NONCE_BATCH = 1024;

/** What a domain lends: the owner's half. */
export interface LendingOwner extends Lender {
  reserve(count: number): Registrar;
}

/** @param door the domain's table, of which this is the only writer */
export function createLendingOwner(domid: DomId, { place, table, hazards }: LendingDoor): LendingOwner {
  const nonces = new Words(NONCE_BATCH * NONCE_WORDS);
  /** Entries that were used and are free; the last one freed is used first. */
  const free: number[] = [];
  /** Entries that were ever used. */
  let used = 0;
  let drawn = NONCE_BATCH;
  /** Registrations that are neither made nor reserved. */
  let left = MAX_REGISTRATIONS;

  function newNonce(): Nonce {
    if (drawn === NONCE_BATCH) {
      randomFill(nonces);
      drawn = 0;
    }
    const at = drawn++ * NONCE_WORDS;
    return [nonces[at]!, nonces[at + 1]!, nonces[at + 2]!];
  }

  function lend(entry: Entry, fill: FillOptions | undefined, giveBack: () => void): Registration {
    const index = free.pop() ?? used++;
    const { rights, length } = entry;
    const nonce = newNonce();
    let live = true;
    writeEntry(table, index, entry, nonce);
    if (fill !== undefined) {
      const map = new Words(fill.extent.buffer, fill.offset, fillWords(length));
      watchFill(table, index, map, length, () => live, fill.onFilled);
    }
    return {
      reference: wholeReference(domid, index, rights, length, nonce),
      unregister(done) {
        if (!live) throw new Error('unregistered twice');
        live = false;
        setEntryState(table, index, ENTRY_STATE.ending);
        if (fill !== undefined) tellFilled(table, index);
        whenUntouched(hazards, table, hazardOf(place, index), () => {
          setEntryState(table, index, ENTRY_STATE.free);
          free.push(index);
          giveBack();
          done();
        });
      },
    };
  }

  function register(memory: Extent | FrameVector, options: LendOptions, giveBack: () => void): Registration {
    const { rights, offset = 0, fill, by } = options;
    const { kind, source, start, size, hold } = sourceOf(memory);
    const { length = size - offset } = options;
    checkRange(size, offset, length);
    if (fill !== undefined) {
      checkRange(fill.extent.buffer.byteLength, fill.offset, fillWords(length) * 4);
      new Words(fill.extent.buffer, fill.offset, fillWords(length)).fill(0);
    }
    const entry: Entry = {
      kind,
      rights: RIGHT_BITS[rights],
      mappable: by === 'map' && kind === ENTRY_KIND.extent,
      source,
      offset: start + offset,
      length,
      fillSource: fill?.extent.id ?? 0,
      fillOffset: fill?.offset ?? 0,
    };
    hold(1);
    return lend(entry, fill, () => {
      hold(-1);
      giveBack();
    });
  }

  /** A lender that may have what `take` allows. */
  function lender(take: () => boolean, giveBack: () => void): Lender {
    return {
      register(memory, options) {
        if (!take()) return undefined;
        try {
          return register(memory, options, giveBack);
        } catch (error) {
          giveBack();
          throw error;
        }
      },
    };
  }

  return {
    ...lender(
      () => left > 0 && left-- > 0,
      () => {
        left++;
      },
    ),
    reserve(count) {
      let mine = Math.min(count, left);
      let inUse = 0;
      let closed = false;
      left -= mine;
      return {
        ...lender(
          () => {
            if (mine === 0) return false;
            mine--;
            inUse++;
            return true;
          },
          () => {
            inUse--;
            if (closed) left++;
            else mine++;
          },
        ),
        get inUse() {
          return inUse;
        },
        close() {
          closed = true;
          left += mine;
          mine = 0;
        },
      };
    },
  };
}

interface Source {
  readonly kind: number;
  /** As an entry names it. */
  readonly source: number;
  /** Where it starts in what the entry names, bytes. */
  readonly start: number;
  readonly size: number;
  /** Says that it is lent once more, or less. */
  readonly hold: (change: number) => void;
}

function sourceOf(memory: Extent | FrameVector): Source {
  if ('buffer' in memory) {
    // The hypervisor sees to it that it is not freed meanwhile.
    const hold = (): void => {};
    return { kind: ENTRY_KIND.extent, source: memory.id, start: 0, size: memory.buffer.byteLength, hold };
  }
  const place = placeOf(memory);
  return {
    kind: ENTRY_KIND.frames,
    source: -place.pool.id,
    start: startOf(place),
    size: place.pages * PAGE_SIZE,
    hold: (change) => {
      place.lent += change;
    },
  };
}

function checkRange(size: number, offset: number, length: number): void {
  const whole = Number.isSafeInteger(offset) && Number.isSafeInteger(length) && offset >= 0 && length >= 0;
  if (whole && offset + length <= size) return;
  throw new RangeError(`no ${length} bytes at ${offset} of memory of ${size}`);
}
