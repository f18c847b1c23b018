// SPDX-License-Identifier: Apache-2.0

/** Where a byte ring lies: data of `size` bytes (a power of two) and its two free-running indexes, as byte offsets. */
export interface ByteRingPlace {
  readonly buffer: ArrayBufferLike;
  readonly data: number;
  readonly size: number;
  readonly cons: number;
  readonly prod: number;
}

/** The writing end. */
export interface ByteRingWriter {
  /** Bytes that fit now; -1 when the reader's index is impossible. */
  room(): number;
  /** Copies as much as fits. @returns the number of bytes taken; -1 when broken */
  write(bytes: Uint8Array): number;
}

/** The reading end. */
export interface ByteRingReader {
  /** Bytes waiting; -1 when the writer's index is impossible. */
  ready(): number;
  /** Copies what is there into `target`, as much as fits. @returns the number of bytes; -1 when broken */
  read(target: Uint8Array): number;
}

export function byteRingWriter(place: ByteRingPlace): ByteRingWriter {
  const { words, bytes, cons, prod, size } = open(place);
  let produced = Atomics.load(words, prod);
  const room = (): number => {
    const used = (produced - Atomics.load(words, cons)) >>> 0;
    return used > size ? -1 : size - used;
  };
  return {
    room,
    write(source) {
      const count = Math.min(source.length, room());
      if (count <= 0) return count;
      const at = produced & (size - 1);
      const first = Math.min(count, size - at);
      bytes.set(source.subarray(0, first), at);
      bytes.set(source.subarray(first, count), 0);
      produced = (produced + count) | 0;
      Atomics.store(words, prod, produced);
      return count;
    },
  };
}

export function byteRingReader(place: ByteRingPlace): ByteRingReader {
  const { words, bytes, cons, prod, size } = open(place);
  let consumed = Atomics.load(words, cons);
  const ready = (): number => {
    const waiting = (Atomics.load(words, prod) - consumed) >>> 0;
    return waiting > size ? -1 : waiting;
  };
  return {
    ready,
    read(target) {
      const count = Math.min(target.length, ready());
      if (count <= 0) return count;
      const at = consumed & (size - 1);
      const first = Math.min(count, size - at);
      target.set(bytes.subarray(at, at + first), 0);
      target.set(bytes.subarray(0, count - first), first);
      consumed = (consumed + count) | 0;
      Atomics.store(words, cons, consumed);
      return count;
    },
  };
}

function open(place: ByteRingPlace) {
  return {
    words: new Int32Array(place.buffer),
    bytes: new Uint8Array(place.buffer, place.data, place.size),
    cons: place.cons >> 2,
    prod: place.prod >> 2,
    size: place.size,
  };
}
