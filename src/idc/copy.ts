// SPDX-License-Identifier: Apache-2.0
import type { WordBuffer } from './contract.ts';

/** Above this many bytes the engine's own copy wins over a word loop (measured). */
const LOOP_LIMIT = 192;
/** Copies between any two views, and other than `set` it needs no view of the part. */
const copyBytes = Buffer.prototype.copy;

/**
 * Copies between an aligned private buffer and a record in shared memory. `from` and `to` are byte offsets that are multiples
 * of 4; whole words are copied, so up to 3 bytes behind `length` are too: both buffers have room for them.
 */
export function copyRecord(source: WordBuffer, from: number, target: WordBuffer, to: number, length: number): void {
  if (length > LOOP_LIMIT) {
    copyBytes.call(source.bytes, target.bytes, to, from, from + length);
    return;
  }
  const end = (from + length + 3) >> 2;
  let write = to >> 2;
  for (let read = from >> 2; read < end; read++) target.words[write++] = source.words[read]!;
}

/** Private memory of `length` bytes, rounded up to whole words of 8 bytes. */
export function privateRecord(length: number): WordBuffer {
  return recordOf(new ArrayBuffer((length + 7) & ~7));
}

export function recordOf(buffer: ArrayBufferLike): WordBuffer {
  return { bytes: new Uint8Array(buffer), words: new Int32Array(buffer, 0, buffer.byteLength >> 2) };
}
