// SPDX-License-Identifier: Apache-2.0

/** Waits for `work`, or rejects with the signal's reason when that comes first; `work` then goes on unheard. */
export function untilAborted<T>(work: PromiseLike<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
    work.then(resolve, reject).then(() => signal.removeEventListener('abort', abort), reject);
  });
}

/** Resolves after a time in milliseconds, or rejects with the signal's reason. */
export function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, milliseconds);
  return untilAborted(promise, signal).finally(() => clearTimeout(timer));
}

/**
 * Waits for `work`; from the moment `signal` aborts at most `milliseconds` longer.
 *
 * @param late makes the error of work that took longer
 */
export function withGrace<T>(
  work: Promise<T>,
  signal: AbortSignal,
  milliseconds: number,
  late: () => Error,
): Promise<T> {
  return new Promise((resolve, reject) => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const begin = () => {
      timer = setTimeout(() => reject(late()), milliseconds);
    };
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', begin);
    };
    if (signal.aborted) begin();
    else signal.addEventListener('abort', begin, { once: true });
    work.then(resolve, reject).then(end, reject);
  });
}
