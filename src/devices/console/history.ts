// SPDX-License-Identifier: Apache-2.0

/**
 * The last bytes of an endless stream, by position in that stream, in shared memory: one thread writes there, others may read,
 * also when that one is gone. Three 64-bit words (how far was begun to be written, how far it is, how far it was shown), then
 * the bytes, of which the one at position N is at N modulo their number.
 */
export interface History {
  /** Position behind the last byte. */
  readonly end: number;
  /** Position of the oldest byte still there. */
  readonly start: number;
  /** Position up to which somebody was shown the bytes. */
  shown: number;
  append(bytes: Uint8Array): void;
  /** A copy of at most `limit` bytes from `position`, which must not be before `start`. */
  read(position: number, limit: number): Uint8Array;
}

/** What there is to read of a history that another thread may be writing. */
export interface HistoryCopy {
  /** Position of the first of the bytes: as many are lost. */
  readonly start: number;
  /** How many of the bytes, from the first on, somebody was shown. */
  readonly shown: number;
  readonly bytes: Uint8Array;
}

const WORD = { begun: 0, end: 1, shown: 2 } as const;
const HEADER = 32;

/** Bytes of shared memory for a history of so many. */
export function historySize(capacity: number): number {
  return HEADER + capacity;
}

/** The writer's side. @param memory zeroed, or as the writer before left it */
export function openHistory(memory: SharedArrayBuffer): History {
  const words = new BigInt64Array(memory, 0, 3);
  const buffer = new Uint8Array(memory, HEADER);
  const capacity = buffer.length;
  let end = Number(words[WORD.end]);
  return {
    get end() {
      return end;
    },
    get start() {
      return Math.max(0, end - capacity);
    },
    get shown() {
      return Number(words[WORD.shown]);
    },
    set shown(position) {
      Atomics.store(words, WORD.shown, BigInt(position));
    },
    append(bytes) {
      const kept = bytes.subarray(Math.max(0, bytes.length - capacity));
      const at = (end + bytes.length - kept.length) % capacity;
      const first = Math.min(kept.length, capacity - at);
      // Whoever copies meanwhile sees that what is overwritten is not what it was.
      Atomics.store(words, WORD.begun, BigInt(end + bytes.length));
      buffer.set(kept.subarray(0, first), at);
      buffer.set(kept.subarray(first), 0);
      end += bytes.length;
      Atomics.store(words, WORD.end, BigInt(end));
    },
    read: (position, limit) => copyOut(buffer, position, Math.min(limit, end - position)),
  };
}

/** All that is there, read from any thread at any time. */
export function copyHistory(memory: SharedArrayBuffer): HistoryCopy {
  const words = new BigInt64Array(memory, 0, 3);
  const buffer = new Uint8Array(memory, HEADER);
  const end = Number(Atomics.load(words, WORD.end));
  const from = Math.max(0, end - buffer.length);
  const bytes = copyOut(buffer, from, end - from);
  // What was overwritten meanwhile, or was just being.
  const start = Math.min(end, Math.max(from, Number(Atomics.load(words, WORD.begun)) - buffer.length));
  const shown = Math.min(end, Math.max(start, Number(Atomics.load(words, WORD.shown))));
  return { start, shown: shown - start, bytes: bytes.subarray(start - from) };
}

function copyOut(buffer: Uint8Array, position: number, count: number): Uint8Array {
  const at = position % buffer.length;
  const first = Math.min(count, buffer.length - at);
  const copy = new Uint8Array(count);
  copy.set(buffer.subarray(at, at + first), 0);
  copy.set(buffer.subarray(0, count - first), first);
  return copy;
}
