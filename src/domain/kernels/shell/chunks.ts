// SPDX-License-Identifier: Apache-2.0
import type { Sectors } from './disks.ts';

/** Large enough that a request's cost does not count, small enough that four of them fit into any domain. */
const CHUNK_SIZE = 256 * 1024;
const DEPTH = 4;

export interface Chunk {
  /** Of its first byte, on the disk. */
  readonly offset: number;
  /** Of the chunk alone until its turn is over, then used again. */
  readonly bytes: Uint8Array;
}

/**
 * Goes through a range of sectors with several chunks in flight, begun and ended in the order of their offsets.
 *
 * @param signal ends the walk after the chunks in flight
 * @param begin starts a chunk's work, e.g. reads into its bytes
 * @param end is called when that is done, e.g. looks at the bytes
 * @throws whatever fails first, when nothing is in flight any more
 */
export async function inChunks(
  sectors: Sectors,
  signal: AbortSignal,
  begin: (chunk: Chunk) => Promise<void>,
  end: (chunk: Chunk) => void = () => {},
): Promise<void> {
  const size = Math.min(CHUNK_SIZE, sectors.end - sectors.start);
  const idle = Array.from({ length: DEPTH }, () => new Uint8Array(size));
  const flight: { chunk: Chunk; buffer: Uint8Array<ArrayBuffer>; work: Promise<void> }[] = [];
  let offset = sectors.start;
  try {
    while (offset < sectors.end || flight.length > 0) {
      while (offset < sectors.end && idle.length > 0) {
        const buffer = idle.pop()!;
        const chunk = { offset, bytes: buffer.subarray(0, sectors.end - offset) };
        flight.push({ chunk, buffer, work: begin(chunk) });
        // Its failure is seen when its turn comes, or not at all after another's.
        flight.at(-1)!.work.catch(() => {});
        offset += chunk.bytes.length;
      }
      const oldest = flight[0]!;
      await oldest.work;
      signal.throwIfAborted();
      end(oldest.chunk);
      idle.push(oldest.buffer);
      flight.shift();
    }
  } finally {
    await Promise.allSettled(flight.map(({ work }) => work));
  }
}
