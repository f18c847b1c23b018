// SPDX-License-Identifier: Apache-2.0

/** A stream of bytes both ways, whatever carries it. */
export interface Pipe {
  /** Some bytes, which stay what they are until the next call; a promise only if there are none yet. */
  read(): Uint8Array | Promise<Uint8Array>;
  /** @returns nothing when all went at once */
  write(bytes: Uint8Array): Promise<void> | undefined;
}

/** What is measured: so many writes of so many bytes, one way or there and back each time. */
export interface Task {
  readonly kind: 'stream' | 'round trip';
  readonly bytes: number;
  readonly count: number;
}

const HEADER = 12;
/** Of a stream: the other end has all. */
const ACKNOWLEDGEMENT = new Uint8Array(1);

/** Reads exactly `length` bytes; whatever they are but the last part of them. @returns that */
async function skip(pipe: Pipe, length: number): Promise<Uint8Array> {
  for (let left = length; ; ) {
    const came = pipe.read();
    const part = came instanceof Uint8Array ? came : await came;
    left -= part.length;
    if (left === 0) return part;
    if (left < 0) throw new Error(`${-left} bytes too many`);
  }
}

/** The end that does what it is told, for ever. */
export async function serve(pipe: Pipe): Promise<never> {
  for (;;) {
    const header = await skip(pipe, HEADER);
    const [both, bytes, count] = new Uint32Array(header.slice().buffer) as unknown as [number, number, number];
    const answer = new Uint8Array(bytes);
    await pipe.write(ACKNOWLEDGEMENT);
    if (both === 0) {
      await skip(pipe, bytes * count);
      await pipe.write(ACKNOWLEDGEMENT);
    } else {
      for (let number = 0; number < count; number++) {
        await skip(pipe, bytes);
        await pipe.write(answer);
      }
    }
  }
}

/** The end that measures. @returns microseconds of a write, or of a round trip, on the average */
export async function drive(pipe: Pipe, { kind, bytes, count }: Task): Promise<number> {
  const both = kind === 'round trip';
  const data = new Uint8Array(bytes).fill(1);
  await pipe.write(new Uint8Array(Uint32Array.of(both ? 1 : 0, bytes, count).buffer));
  await skip(pipe, ACKNOWLEDGEMENT.length);
  const start = performance.now();
  for (let number = 0; number < count; number++) {
    const written = pipe.write(data);
    if (written !== undefined) await written;
    if (both) await skip(pipe, bytes);
  }
  if (!both) await skip(pipe, ACKNOWLEDGEMENT.length);
  return ((performance.now() - start) * 1000) / count;
}
