// SPDX-License-Identifier: Apache-2.0

/** The end that is measured; the other one takes messages, answers questions and copies what it is sent or lent. */
export interface DrivingEnd {
  /** Sends so many messages; resolves when the other end has taken all. */
  stream?(count: number): Promise<void>;
  /** Asks once, with a message, and resolves with the answer, which is as long. */
  ask?(): Promise<void>;
  /** Asks so many times, each time when the answer has come. @returns the time of each in microseconds */
  askAll?(count: number): Promise<Float64Array>;
  /** As `askAll`, without yielding. */
  askPolled?(count: number): Float64Array;
  /**
   * Has so many bytes at once brought to where the other end may use them, so many times.
   *
   * @returns microseconds of all, without what comes before the first and after the last
   */
  bulk?(bytes: number, count: number): Promise<number>;
}

/** What a column measures: how often, and of what size or how far apart. */
export type Task =
  | { readonly task: 'stream' | 'active' | 'polled' | 'heap'; readonly count: number }
  /** `pause`: milliseconds between two questions, after which everybody sleeps. */
  | { readonly task: 'idle'; readonly count: number; readonly pause: number }
  | { readonly task: 'bulk'; readonly count: number; readonly bytes: number };

/** Microseconds that something takes. */
export async function timeOf(work: () => Promise<void> | void): Promise<number> {
  const start = performance.now();
  await work();
  return (performance.now() - start) * 1000;
}

/** Times of `count` questions, one after another, in microseconds. */
export async function timeEach(count: number, ask: () => Promise<void>): Promise<Float64Array> {
  const times = new Float64Array(count);
  for (let index = 0; index < count; index++) {
    const start = performance.now();
    await ask();
    times[index] = (performance.now() - start) * 1000;
  }
  return times;
}
