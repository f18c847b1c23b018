// SPDX-License-Identifier: Apache-2.0

/** A load on a disk: what is measured, whoever carries it out. */
export interface Load {
  readonly op: 'read' | 'write';
  /** Bytes of one operation. */
  readonly chunk: number;
  /** Operations in flight. */
  readonly depth: number;
  readonly count: number;
  /** At random multiples of `chunk`, the same ones each time; else one after another, from the start again at the end. */
  readonly random: boolean;
}

/** One operation; `done` is told what failed, if anything did. */
export type Operation = (offset: number, buffer: Uint8Array, done: (error: unknown) => void) => void;

/**
 * Carries out a load on a disk of `size` bytes.
 *
 * @param buffer makes the memory for one operation at a time
 * @returns the time it took, in milliseconds
 */
export function carryOut(
  load: Load,
  size: number,
  operation: Operation,
  buffer: (length: number) => Uint8Array = (length) => new Uint8Array(length),
): Promise<number> {
  const { chunk, depth, count, random } = load;
  const chunks = Math.floor(size / chunk);
  let state = 1;
  let begun = 0;
  let ended = 0;

  function next(): number {
    if (!random) return (begun % chunks) * chunk;
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state % chunks) * chunk;
  }

  return new Promise((resolve, reject) => {
    const memory = Array.from({ length: Math.min(depth, count) }, () => buffer(chunk));
    const start = performance.now();
    function go(bytes: Uint8Array): void {
      const offset = next();
      begun++;
      operation(offset, bytes, (error) => {
        ended++;
        if (error) reject(error);
        else if (ended === count) resolve(performance.now() - start);
        else if (begun < count) go(bytes);
      });
    }
    memory.forEach(go);
  });
}
