// SPDX-License-Identifier: Apache-2.0
import type { ReceivedMessage } from './contract.ts';

/** Messages between the channel, which delivers them, and loops that take them one by one. */
export interface MessageStream {
  take(message: ReceivedMessage): void;
  /** Forgets what nobody has taken: its connection has ended. */
  drop(): void;
  /** Ends the loops when they have taken what there is. */
  end(): void;
  /** For one loop. Each message is completed when the loop goes on or ends. */
  iterate(): AsyncGenerator<Uint8Array, void>;
}

export function createMessageStream(): MessageStream {
  const waiting: ReceivedMessage[] = [];
  let ended = false;
  let news: PromiseWithResolvers<void> | undefined;

  function wake(): void {
    news?.resolve();
    news = undefined;
  }

  return {
    take(message) {
      waiting.push(message);
      wake();
    },
    drop() {
      for (const message of waiting.splice(0)) message.complete();
    },
    end() {
      ended = true;
      wake();
    },
    async *iterate() {
      for (;;) {
        const message = waiting.shift();
        if (message !== undefined) {
          try {
            yield message.body.subarray(0, message.length);
          } finally {
            message.complete();
          }
        } else if (ended) {
          return;
        } else {
          news ??= Promise.withResolvers();
          await news.promise;
        }
      }
    },
  };
}
