// SPDX-License-Identifier: Apache-2.0
import type { StoreWatch } from './client-contract.ts';
import { StoreError } from './contract.ts';
import { createEventQueue } from './events.ts';

/** Events that wait for a slow reader before they are merged into one. */
const MAX_WAITING = 1024;

/** The client's side of a watch. */
export interface WatchHandle extends StoreWatch {
  /** An event came. */
  readonly event: (path: string) => void;
  /** The connection ended: iteration ends, with an error unless `quiet`. */
  readonly lost: (quiet: boolean) => void;
}

/**
 * @param given the watched path as the user spelt it
 * @param ready settles when the store answered
 * @param remove takes the watch from the store
 */
export function createWatchHandle(
  given: string,
  ready: Promise<void>,
  remove: () => Promise<void>,
  listener: ((path: string) => void) | undefined,
): WatchHandle {
  const self = { id: 0, given };
  const waiting = createEventQueue<typeof self>(MAX_WAITING);
  let news = Promise.withResolvers<void>();
  let end: 'open' | 'closed' | 'lost' = 'open';
  // Iteration reports a failed start by itself; a listener has only `ready`, so there a rejection may stay unhandled, loudly.
  if (listener === undefined) ready.catch(() => {});

  function wake(): void {
    news.resolve();
    news = Promise.withResolvers();
  }

  function finish(how: 'closed' | 'lost'): void {
    if (end === 'open') end = how;
    wake();
  }

  async function close(): Promise<void> {
    if (end !== 'open') return;
    finish('closed');
    waiting.clear();
    await remove();
  }

  async function* iterate(): AsyncGenerator<string, void, void> {
    try {
      await ready;
      while (true) {
        const event = waiting.take();
        if (event !== undefined) yield event.path;
        else if (end === 'open') await news.promise;
        else break;
      }
      if (end === 'lost') throw new StoreError('EIO', 'connection lost');
    } finally {
      await close();
    }
  }

  return {
    ready,
    close,
    [Symbol.asyncIterator]: iterate,
    event(path) {
      if (end !== 'open') return;
      if (listener !== undefined) {
        listener(path);
        return;
      }
      waiting.push(path, self);
      wake();
    },
    lost: (quiet) => finish(quiet ? 'closed' : 'lost'),
  };
}
