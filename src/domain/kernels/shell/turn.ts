// SPDX-License-Identifier: Apache-2.0

/** One at a time: a command, or the saving of what the shell has. */
export interface Turn {
  /** Resolves when all who came before are done. @returns what the caller calls when it is done */
  take(): Promise<() => void>;
}

export function createTurn(): Turn {
  let last: Promise<void> = Promise.resolve();
  return {
    async take() {
      const before = last;
      const { promise, resolve } = Promise.withResolvers<void>();
      last = promise;
      await before;
      return resolve;
    },
  };
}
