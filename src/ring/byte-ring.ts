// SPDX-License-Identifier: Apache-2.0
import type { RingView } from '../devices/contract.ts';

/** Copies between any two views, and other than `set` it needs no view of the part. */
const copyBytes = Buffer.prototype.copy;
/** So few bytes are copied faster one by one than by a call. */
const SHORT = 64;

/** Where a byte ring lies: data of `size` bytes (a power of two) and its two free-running indexes, as byte offsets. */
export interface ByteRingPlace {
  readonly buffer: ArrayBufferLike;
  /** The data's byte offset in `buffer`; or its pieces, wherever they lie, all of one length that is a power of two. */
  readonly data: number | readonly Uint8Array[];
  readonly size: number;
  readonly cons: number;
  readonly prod: number;
}

/** The writing end. */
export interface ByteRingWriter {
  /** Bytes that fit now; -1 when the reader's index is impossible. */
  room(): number;
  /** Copies as much as fits of the first `length` bytes. @returns the number of bytes taken; -1 when broken */
  write(bytes: Uint8Array, length?: number): number;
}

/** The reading end. */
export interface ByteRingReader {
  /** Bytes waiting; -1 when the writer's index is impossible. */
  ready(): number;
  /** Copies what is there into `target`, as much as fits. @returns the number of bytes; -1 when broken */
  read(target: Uint8Array): number;
}

export function byteRingWriter(place: ByteRingPlace): ByteRingWriter {
  const { words, cons, prod, size, pieceAt } = open(place);
  let produced = Atomics.load(words, prod);
  /** Bytes that may be written without another look at the reader's index, whose cache line is the reader's. */
  let free = 0;
  const room = (): number => {
    const used = (produced - Atomics.load(words, cons)) >>> 0;
    free = used > size ? -1 : size - used;
    return free;
  };
  return {
    room,
    write(source, wanted = source.length) {
      const count = Math.min(wanted, free < wanted ? room() : free);
      if (count <= 0) return count;
      for (let done = 0; done < count; ) {
        const { bytes, at } = pieceAt(produced);
        const length = Math.min(count - done, bytes.length - at);
        if (length > SHORT) copyBytes.call(source, bytes, at, done, done + length);
        else for (let i = 0; i < length; i++) bytes[at + i] = source[done + i]!;
        done += length;
        produced = (produced + length) | 0;
      }
      free -= count;
      Atomics.store(words, prod, produced);
      return count;
    },
  };
}

export function byteRingReader(place: ByteRingPlace): ByteRingReader {
  const { words, cons, prod, size, pieceAt } = open(place);
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
      for (let done = 0; done < count; ) {
        const { bytes, at } = pieceAt(consumed);
        const length = Math.min(count - done, bytes.length - at);
        if (length > SHORT) copyBytes.call(bytes, target, done, at, at + length);
        else for (let i = 0; i < length; i++) target[done + i] = bytes[at + i]!;
        done += length;
        consumed = (consumed + length) | 0;
      }
      Atomics.store(words, cons, consumed);
      return count;
    },
  };
}

/**
 * A copy of the last bytes that were written, taken or not, without being an end of the ring: for who looks into its memory.
 *
 * @param most bytes; as many as there are unless said
 */
export function latestBytes(place: ByteRingPlace, most = place.size): Uint8Array {
  const { words, prod, size, pieceAt } = open(place);
  const produced = Atomics.load(words, prod) >>> 0;
  const latest = new Uint8Array(Math.min(produced, size, most));
  for (let i = 0; i < latest.length; i++) {
    const { bytes, at } = pieceAt(produced - latest.length + i);
    latest[i] = bytes[at]!;
  }
  return latest;
}

/**
 * A look at a ring from outside: it costs the two ends nothing. Whoever has the memory may write any index there.
 *
 * @param direction `out` of the end that is called front, or `in`
 */
export function inspectByteRing(direction: 'out' | 'in', place: Omit<ByteRingPlace, 'data'>): RingView {
  const words = new Int32Array(place.buffer);
  const read = Atomics.load(words, place.cons >> 2) >>> 0;
  const reqProd = Atomics.load(words, place.prod >> 2) >>> 0;
  const used = (reqProd - read) >>> 0;
  return { direction, size: place.size, used, reqProd, reqCons: read, rspProd: read, rspCons: read };
}

function open({ buffer, data, size, cons, prod }: ByteRingPlace) {
  const pieces = typeof data === 'number' ? [new Uint8Array(buffer, data, size)] : data;
  const pieceBytes = size / pieces.length;
  const shift = Math.log2(pieceBytes);
  // One for all calls: nothing is allocated where data moves.
  const place = { bytes: pieces[0]!, at: 0 };
  return {
    words: new Int32Array(buffer),
    size,
    cons: cons >> 2,
    prod: prod >> 2,
    /** Where the byte of an index is. */
    pieceAt(index: number) {
      const offset = index & (size - 1);
      place.bytes = pieces[offset >> shift]!;
      place.at = offset & (pieceBytes - 1);
      return place;
    },
  };
}
