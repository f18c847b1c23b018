// SPDX-License-Identifier: Apache-2.0

/** What is to be done with one device: one after another, in the order in which it was asked for. */
export interface Turns {
  /** Does something after all that was asked for before, whatever became of that. @returns its outcome */
  run<T>(task: () => Promise<T>): Promise<T>;
  /** Nothing is being done, and nothing waits. */
  readonly idle: boolean;
}

export function createTurns(): Turns {
  let last: Promise<unknown> = Promise.resolve();
  let asked = 0;
  return {
    run(task) {
      asked++;
      const result = last.then(task).finally(() => {
        asked--;
      });
      last = result.catch(() => {});
      return result;
    },
    get idle() {
      return asked === 0;
    },
  };
}
