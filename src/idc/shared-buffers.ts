// SPDX-License-Identifier: Apache-2.0

import type { Registration, Rights } from '../hv/lending-contract.ts';
import { type PinnedBuffer, type PoolBuffer, type Quotas, REFERENCE_BYTES, type SharedBuffers } from './contract.ts';
import { ENTRY_BYTES, layoutOf, lendable, type Side } from './layout.ts';

const PAGE = 4096;
// Words of a table entry. The owner writes all but `pins`, which the user moves.
const GENERATION = 0;
const PINS = 1;
const OFFSET = 2;
const LENGTH = 3;
const RIGHTS = 4;
const ENTRY_WORDS = ENTRY_BYTES / 4;

const RIGHT_BITS: Readonly<Record<Rights, number>> = { read: 1, write: 2, readwrite: 3 };

/** Lending of one end over memory that both ends see: tables in `control`, bytes in `pool`. */
export interface SharedMemory {
  readonly control: ArrayBufferLike;
  /** Absent when the quota of lent bytes is 0. */
  readonly pool: ArrayBufferLike | undefined;
  readonly quotas: Quotas;
  readonly side: Side;
}

/** Lending that ends with the connection. */
export interface LendingBuffers extends SharedBuffers {
  /** Completes every fence: the connection is over, and its memory is never used again. */
  close(): void;
}

/**
 * Lends ranges of this end's pool and pins ranges of the peer's. A reference names an entry of the owner's table and its
 * generation; the user raises the entry's pin count, then compares generations, so that after `unregister` the owner only
 * waits for pins that exist.
 */
export function createSharedBuffers({ control, pool, quotas, side }: SharedMemory): LendingBuffers {
  const layout = layoutOf(quotas);
  const peer: Side = side === 'front' ? 'back' : 'front';
  const words = new Int32Array(control);
  const ours = layout.table(side) >> 2;
  const theirs = layout.table(peer) >> 2;
  const memory = new Uint8Array(pool ?? new ArrayBuffer(0));
  const ourPool = layout.pool(side);
  const theirPool = layout.pool(peer);
  const pages = createPageMap(Math.floor(lendable(quotas, side) / PAGE));
  const freeEntries = Array.from({ length: quotas.registrations }, (_, index) => quotas.registrations - 1 - index);
  const fences = new Set<() => void>();
  /** Where a range lies and how many registrations it has. No entry: not of this pool, or given back. */
  const ranges = new WeakMap<PoolBuffer, { readonly offset: number; lent: number }>();
  let nextGeneration = 1;
  let closed = false;

  function fence(entry: number, done: () => void): void {
    const complete = (): void => {
      if (!fences.delete(complete)) return;
      // Lets go of a wait that is left when the connection ends first.
      if (closed) Atomics.notify(words, pins);
      done();
    };
    fences.add(complete);
    const pins = ours + entry * ENTRY_WORDS + PINS;
    const check = (): void => {
      const count = Atomics.load(words, pins);
      if (closed || count === 0) {
        if (!closed) freeEntries.push(entry);
        complete();
        return;
      }
      const wait = Atomics.waitAsync(words, pins, count);
      if (wait.async) void wait.value.then(check);
      // Not a microtask: a user that moves the count all the time must not starve the owner's thread.
      else setImmediate(check);
    };
    check();
  }

  return {
    alloc(length) {
      const count = Math.max(1, Math.ceil(length / PAGE));
      const first = pages.take(count);
      if (first === undefined) return undefined;
      const offset = first * PAGE;
      const buffer: PoolBuffer = {
        bytes: memory.subarray(ourPool + offset, ourPool + offset + length),
        free() {
          if (ranges.get(buffer)?.lent !== 0) throw new Error('the range is registered or given back');
          ranges.delete(buffer);
          pages.give(first, count);
        },
      };
      ranges.set(buffer, { offset, lent: 0 });
      return buffer;
    },
    register(buffer, rights, offset = 0, length = buffer.bytes.length - offset) {
      if (!(offset >= 0 && length >= 0 && offset + length <= buffer.bytes.length)) {
        throw new RangeError(`no ${length} bytes at ${offset} in a range of ${buffer.bytes.length}`);
      }
      const range = ranges.get(buffer);
      const entry = range && freeEntries.pop();
      if (entry === undefined || range === undefined) return undefined;
      range.lent++;
      const at = ours + entry * ENTRY_WORDS;
      const generation = nextGeneration;
      nextGeneration = (nextGeneration + 1) & 0x7fffffff || 1;
      words[at + OFFSET] = range.offset + offset;
      words[at + LENGTH] = length;
      words[at + RIGHTS] = RIGHT_BITS[rights];
      Atomics.store(words, at + GENERATION, generation);
      let live = true;
      return {
        reference: encodeReference(entry, generation, length, RIGHT_BITS[rights]),
        unregister(done) {
          if (!live) throw new Error('unregistered twice');
          live = false;
          Atomics.store(words, at + GENERATION, 0);
          fence(entry, () => {
            range.lent--;
            done();
          });
        },
      } satisfies Registration;
    },
    pin(reference, start, right) {
      if (start + REFERENCE_BYTES > reference.length) return undefined;
      const view = new DataView(reference.buffer, reference.byteOffset + start, REFERENCE_BYTES);
      const entry = view.getUint32(0, true);
      const generation = view.getUint32(4, true);
      if (closed || entry >= quotas.registrations || generation === 0) return undefined;
      const at = theirs + entry * ENTRY_WORDS;
      Atomics.add(words, at + PINS, 1);
      const release = (): void => {
        if (Atomics.sub(words, at + PINS, 1) === 1 && Atomics.load(words, at + GENERATION) !== generation) {
          Atomics.notify(words, at + PINS);
        }
      };
      const current = Atomics.load(words, at + GENERATION);
      const offset = Atomics.load(words, at + OFFSET) >>> 0;
      const length = Atomics.load(words, at + LENGTH) >>> 0;
      const allowed = Atomics.load(words, at + RIGHTS) & RIGHT_BITS[right];
      if (current !== generation || allowed === 0 || offset + length > lendable(quotas, peer)) {
        release();
        return undefined;
      }
      let held = true;
      return {
        bytes: memory.subarray(theirPool + offset, theirPool + offset + length),
        release() {
          if (held) release();
          held = false;
        },
      } satisfies PinnedBuffer;
    },
    close() {
      closed = true;
      for (const complete of [...fences]) complete();
    },
  };
}

function encodeReference(entry: number, generation: number, length: number, rights: number): Uint8Array {
  const reference = new Uint8Array(REFERENCE_BYTES);
  const view = new DataView(reference.buffer);
  view.setUint32(0, entry, true);
  view.setUint32(4, generation, true);
  view.setUint32(8, length, true);
  view.setUint32(12, rights, true);
  return reference;
}

/** First fit over pages; a page belongs to one buffer at most, so nothing else is lent with it (XSA-403). */
function createPageMap(count: number) {
  const used = new Uint8Array(count);
  return {
    take(length: number): number | undefined {
      let run = 0;
      for (let page = 0; page < count; page++) {
        run = used[page] === 0 ? run + 1 : 0;
        if (run === length) {
          used.fill(1, page - length + 1, page + 1);
          return page - length + 1;
        }
      }
      return undefined;
    },
    give(first: number, length: number): void {
      used.fill(0, first, first + length);
    },
  };
}
