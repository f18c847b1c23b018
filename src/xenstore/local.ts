// SPDX-License-Identifier: Apache-2.0
import { createClient } from './client.ts';
import type { XenstoreClient } from './client-contract.ts';
import type { Store } from './contract.ts';
import { perform } from './messages.ts';

/**
 * The client inside the store's own thread, for the supervisor. A request takes effect before the call returns, only its
 * result comes as a promise; for plain calls without promises use `store.connect`.
 * @throws StoreError ENOENT for a domain that was never introduced
 */
export function localClient(store: Store, domid = 0): XenstoreClient {
  const ended = Promise.withResolvers<void>();
  return createClient((onEvent) => {
    const connection = store.connect(
      domid,
      (path, token) => {
        // Listeners run after the operation that caused the event, not in the middle of it.
        queueMicrotask(() => onEvent(path, token));
        return true;
      },
      ended.resolve,
    );
    return {
      request: async (op, args, tx) => perform(connection, op, args, tx),
      close() {
        connection.close();
        ended.resolve();
      },
      closed: ended.promise,
    };
  });
}
