// SPDX-License-Identifier: Apache-2.0
import { setTimeout as sleep } from 'node:timers/promises';

/** Longest wait: a bound, not a delay. */
const LIMIT = 20_000;

/**
 * Waits until something holds in this process or another one, which is not told when it does.
 *
 * @param holds looked at again and again; what it throws counts as not yet
 * @returns what it gave, when that is neither false nor undefined
 */
export async function eventually<T>(holds: () => T | Promise<T>): Promise<NonNullable<T>> {
  const deadline = performance.now() + LIMIT;
  for (;;) {
    let reason: unknown;
    try {
      const found = await holds();
      if (found !== undefined && found !== null && found !== false) return found;
    } catch (error) {
      reason = error;
    }
    if (performance.now() > deadline) throw new Error(`did not come true: ${holds}`, { cause: reason });
    await sleep(5);
  }
}
