// SPDX-License-Identifier: Apache-2.0

/** Least bytes of a piece, so that a flood of tiny messages takes no more memory than its bytes. */
const PIECE = 4096;

interface Piece {
  readonly bytes: Uint8Array;
  from: number;
  to: number;
}

/** Bytes that came and nobody has read: as many as the connection's window allows. */
export interface Inbox {
  readonly size: number;
  /** Where to put up to `length` bytes that come next. */
  place(length: number): Uint8Array;
  /** So many bytes were put where {@link Inbox.place} said. */
  put(count: number): void;
  /** Copies what is there, as much as fits. @returns how many bytes */
  take(target: Uint8Array): number;
  clear(): void;
}

/** An empty one, which takes no memory. */
export function createInbox(): Inbox {
  const pieces: Piece[] = [];
  let size = 0;
  return {
    get size() {
      return size;
    },
    place(length) {
      let last = pieces.at(-1);
      if (last === undefined || last.to === last.bytes.length) {
        last = { bytes: Buffer.allocUnsafeSlow(Math.max(length, PIECE)), from: 0, to: 0 };
        pieces.push(last);
      }
      return last.bytes.subarray(last.to, Math.min(last.bytes.length, last.to + length));
    },
    put(count) {
      pieces.at(-1)!.to += count;
      size += count;
    },
    take(target) {
      let taken = 0;
      for (let first = pieces[0]; first !== undefined && taken < target.length; first = pieces[0]) {
        const count = Math.min(first.to - first.from, target.length - taken);
        target.set(first.bytes.subarray(first.from, first.from + count), taken);
        first.from += count;
        taken += count;
        if (first.from < first.to) break;
        pieces.shift();
      }
      size -= taken;
      return taken;
    },
    clear() {
      pieces.length = 0;
      size = 0;
    },
  };
}
