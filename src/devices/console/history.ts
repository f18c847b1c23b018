// SPDX-License-Identifier: Apache-2.0

/** The last bytes of an endless stream, by position in that stream. */
export interface History {
  /** Position behind the last byte. */
  readonly end: number;
  /** Position of the oldest byte still there. */
  readonly start: number;
  append(bytes: Uint8Array): void;
  /** A copy of at most `limit` bytes from `position`, which must not be before `start`. */
  read(position: number, limit: number): Uint8Array;
}

/** @param capacity bytes kept */
export function createHistory(capacity: number): History {
  const buffer = new Uint8Array(capacity);
  let end = 0;
  return {
    get end() {
      return end;
    },
    get start() {
      return Math.max(0, end - capacity);
    },
    append(bytes) {
      const kept = bytes.subarray(Math.max(0, bytes.length - capacity));
      const at = (end + bytes.length - kept.length) % capacity;
      const first = Math.min(kept.length, capacity - at);
      buffer.set(kept.subarray(0, first), at);
      buffer.set(kept.subarray(first), 0);
      end += bytes.length;
    },
    read(position, limit) {
      const count = Math.min(limit, end - position);
      const at = position % capacity;
      const first = Math.min(count, capacity - at);
      const copy = new Uint8Array(count);
      copy.set(buffer.subarray(at, at + first), 0);
      copy.set(buffer.subarray(0, count - first), first);
      return copy;
    },
  };
}
