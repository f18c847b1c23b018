// SPDX-License-Identifier: Apache-2.0

/** A queue whose ends cost nothing, however long it is. */
export interface Fifo<T> {
  push(item: T): void;
  /** Takes the oldest out; undefined when there is none. */
  take(): T | undefined;
}

export function createFifo<T>(): Fifo<T> {
  let back: T[] = [];
  let front: T[] = [];
  return {
    push: (item) => void back.push(item),
    take() {
      if (front.length === 0) {
        front = back.reverse();
        back = [];
      }
      return front.pop();
    },
  };
}
