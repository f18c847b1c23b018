// SPDX-License-Identifier: Apache-2.0

/** How a thread waits that finds nothing: blocked, without blocking its event loop, or (for some milliseconds) not at all. */
export type Waiting = 'wait' | 'waitAsync' | 'spin';

/** Looks before a thread that spins gets out of the way of what else is measured. */
const MAX_LOOKS = 100_000;
const SLOTS = 256;
/** Words up to which a loop is faster than `set`. */
const LOOP_WORDS = 64;
// Word offsets, a cache line apart.
const TAIL = 0;
const HEAD = 16;
const TAKER = 32;
const PUTTER = 48;
const DATA = 64;

export function bareRingBytes(messageBytes: number): number {
  return DATA * 4 + SLOTS * messageBytes;
}

/**
 * What one can hope for in JavaScript: a ring of fixed messages between two threads that trust each other, without
 * connections, quotas, answers or checks. Both `put` and `take` say whether they could.
 */
export interface BareRing {
  put(message: Int32Array): boolean;
  take(message: Int32Array): boolean;
  /** Waits for something to take; undefined when that is over already. */
  untilFilled(): Promise<unknown> | undefined;
  /** Waits for room to put something. */
  untilRoom(): Promise<unknown> | undefined;
}

export function openBareRing(buffer: SharedArrayBuffer, messageBytes: number, waiting: Waiting): BareRing {
  const words = new Int32Array(buffer);
  const size = messageBytes / 4;
  const slots = Array.from({ length: SLOTS }, (_, slot) =>
    words.subarray(DATA + slot * size, DATA + (slot + 1) * size),
  );
  let head = 0;
  let tail = 0;
  let looks = 0;

  function copy(from: Int32Array, to: Int32Array): void {
    if (size > LOOP_WORDS) to.set(from);
    else for (let word = 0; word < size; word++) to[word] = from[word]!;
  }

  /** Each sleeper has a count to sleep on and a flag that says so, as in DESIGN.md 5, rule 8. */
  function wake(sleeper: number): void {
    if (Atomics.load(words, sleeper + 1) === 0) return;
    Atomics.store(words, sleeper + 1, 0);
    Atomics.add(words, sleeper, 1);
    Atomics.notify(words, sleeper);
  }

  function sleep(sleeper: number, ready: () => boolean): Promise<unknown> | undefined {
    if (waiting === 'spin' && looks++ < MAX_LOOKS) return undefined;
    looks = 0;
    const count = Atomics.load(words, sleeper);
    Atomics.store(words, sleeper + 1, 1);
    if (ready()) Atomics.store(words, sleeper + 1, 0);
    else if (waiting !== 'waitAsync') Atomics.wait(words, sleeper, count);
    else {
      const result = Atomics.waitAsync(words, sleeper, count);
      if (result.async) return result.value;
    }
    return undefined;
  }

  return {
    put(message) {
      if (((tail - Atomics.load(words, HEAD)) | 0) === SLOTS) return false;
      copy(message, slots[tail & (SLOTS - 1)]!);
      tail = (tail + 1) | 0;
      looks = 0;
      Atomics.store(words, TAIL, tail);
      wake(TAKER);
      return true;
    },
    take(message) {
      if (Atomics.load(words, TAIL) === head) return false;
      copy(slots[head & (SLOTS - 1)]!, message);
      head = (head + 1) | 0;
      looks = 0;
      Atomics.store(words, HEAD, head);
      wake(PUTTER);
      return true;
    },
    untilFilled: () => sleep(TAKER, () => Atomics.load(words, TAIL) !== head),
    untilRoom: () => sleep(PUTTER, () => ((tail - Atomics.load(words, HEAD)) | 0) < SLOTS),
  };
}
