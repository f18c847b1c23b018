// SPDX-License-Identifier: Apache-2.0

/** Words that a test's threads share beside the hypervisor: how they agree on who goes next without using what is tested. */
export type Words = Int32Array<SharedArrayBuffer>;

/** What each word is for. From `mailbox` on, `mailbox + 4 * from + to` holds a port that one domain offers another. */
export const WORD = { number: 0, ack: 1, count: 2, held: 3, done: 4, arrived: 5, satisfied: 6, mailbox: 16 } as const;

export function createWords(): Words {
  return new Int32Array(new SharedArrayBuffer(64 * 4));
}

/** Sets a word and wakes who waits for it. */
export function tell(words: Words, index: number, value: number): void {
  Atomics.store(words, index, value);
  Atomics.notify(words, index);
}

/** Blocks the thread until a word has a value. @returns false when nothing moved for twenty seconds */
export function waitFor(words: Words, index: number, value: number): boolean {
  for (;;) {
    const now = Atomics.load(words, index);
    if (now === value) return true;
    if (Atomics.wait(words, index, now, 20_000) === 'timed-out') return false;
  }
}
