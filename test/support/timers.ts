// SPDX-License-Identifier: Apache-2.0
import { AsyncLocalStorage, createHook } from 'node:async_hooks';

/**
 * Runs something and counts the timers that it starts, or that anything starts which comes of it; those of other tests in this
 * process are none of its own.
 *
 * @param body gets how many there were so far
 */
export async function countingTimers(body: (timers: () => number) => Promise<void>): Promise<void> {
  const mine = new AsyncLocalStorage<true>();
  let count = 0;
  const hook = createHook({
    init(_id, type) {
      if (type === 'Timeout' && mine.getStore()) count++;
    },
  }).enable();
  try {
    await mine.run(true, () => body(() => count));
  } finally {
    hook.disable();
  }
}
