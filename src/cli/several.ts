// SPDX-License-Identifier: Apache-2.0

/** Calls of xend under way at a time. */
const WIDTH = 8;

/**
 * Does many things, some at a time, in their order; begins no more of them when one fails.
 *
 * @param work may reject
 * @returns what was done, in order, and what the first failure was of, if there was one
 */
export async function doSeveral<T, R>(
  items: readonly T[],
  work: (item: T) => Promise<R>,
): Promise<{ readonly done: readonly R[]; readonly failed: { readonly item: T; readonly error: Error } | undefined }> {
  const done = new Map<number, R>();
  let failed: { readonly item: T; readonly error: Error } | undefined;
  let next = 0;
  async function worker(): Promise<void> {
    while (next < items.length && failed === undefined) {
      const index = next++;
      const item = items[index]!;
      try {
        done.set(index, await work(item));
      } catch (error) {
        failed ??= { item, error: error as Error };
      }
    }
  }
  await Promise.all(Array.from({ length: WIDTH }, worker));
  return { done: [...done].sort(([a], [b]) => a - b).map(([, result]) => result), failed };
}
