// SPDX-License-Identifier: Apache-2.0

// Taken before any kernel runs, and replaces them.
const read = performance.now.bind(performance);
const { bigint } = process.hrtime;
/** Attempts to see two clocks at the same moment. */
const ATTEMPTS = 5;

/**
 * A clock that is the same in all threads and processes of the machine: microseconds since some moment in the past, monotonic.
 * Each thread's own clock begins with the thread; reading the common one allocates, so that it is read here alone.
 *
 * @returns reads it, and allocates nothing
 */
export function commonClock(): () => number {
  let offset = 0;
  let least = Number.POSITIVE_INFINITY;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const before = read();
    const common = Number(bigint());
    const after = read();
    if (after - before >= least) continue;
    least = after - before;
    offset = common / 1000 - (before + after) * 500;
  }
  return () => read() * 1000 + offset;
}
