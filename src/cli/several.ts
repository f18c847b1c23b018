// SPDX-License-Identifier: Apache-2.0

/** Calls of xend under way at a time. */
const WIDTH = 8;

/**
 * Does many things, some at a time, in their order; begins no more of them when one fails.
 *
 * @param work may reject
 * @returns what was done, in order, and what failed, if anything did: of several the first in that order, whichever was heard of first
 */
export async function doSeveral<T, R>(
  items: readonly T[],
  work: (item: T) => Promise<R>,
): Promise<{ readonly done: readonly R[]; readonly failed: { readonly item: T; readonly error: Error } | undefined }> {
  const done = new Map<number, R>();
  const failures = new Map<number, { readonly item: T; readonly error: Error }>();
  let next = 0;
  async function worker(): Promise<void> {
    while (next < items.length && failures.size === 0) {
      const index = next++;
      const item = items[index]!;
      try {
        done.set(index, await work(item));
      } catch (error) {
        failures.set(index, { item, error: error as Error });
      }
    }
  }
  await Promise.all(Array.from({ length: WIDTH }, worker));
  return { done: inOrder(done), failed: inOrder(failures)[0] };
}

function inOrder<V>(found: ReadonlyMap<number, V>): readonly V[] {
  return [...found].sort(([a], [b]) => a - b).map(([, value]) => value);
}
