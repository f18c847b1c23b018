// SPDX-License-Identifier: Apache-2.0
import type { Port } from '../port.ts';
import type { Transport } from './client.ts';
import { type StoreErrno, StoreError } from './contract.ts';
import { createFifo } from './fifo.ts';
import { EVENT_WINDOW, type EventCredit, type Reply, type Request } from './messages.ts';

/**
 * A client's requests over a message port.
 * @param outstanding requests under way at a time; more wait here
 */
export function createPortTransport(
  port: Port,
  onEvent: (path: string, token: string) => void,
  outstanding: number,
): Transport {
  const pending = new Map<number, PromiseWithResolvers<unknown>>();
  const queued = createFifo<Omit<Request, 'seen'>>();
  const ended = Promise.withResolvers<void>();
  let open = true;
  let lastId = 0;
  let underway = 0;
  let seen = 0;
  let events = 0;

  function send(): void {
    while (underway < outstanding) {
      const request = queued.take();
      if (request === undefined) return;
      underway++;
      port.postMessage({ ...request, seen } satisfies Request);
    }
  }

  function finish(): void {
    if (!open) return;
    open = false;
    for (const { reject } of pending.values()) reject(new StoreError('EIO', 'connection closed'));
    pending.clear();
    ended.resolve();
  }

  function settle(reply: { id: number } & ({ result: unknown } | { errno: StoreErrno })): void {
    seen++;
    underway--;
    const call = pending.get(reply.id);
    pending.delete(reply.id);
    if ('errno' in reply) call?.reject(new StoreError(reply.errno));
    else call?.resolve(reply.result);
    send();
  }

  port.on('message', (reply: Reply) => {
    if ('id' in reply) {
      settle(reply);
      return;
    }
    // Half a window at a time: often enough for the store never to wait, and half as many messages would do no good.
    if (++events % (EVENT_WINDOW / 2) === 0) port.postMessage({ events } satisfies EventCredit);
    onEvent(reply.event, reply.token);
  });
  port.on('close', finish);

  return {
    request(op, args, tx) {
      if (!open) return Promise.reject(new StoreError('EIO', 'connection closed'));
      const call = Promise.withResolvers<unknown>();
      pending.set(++lastId, call);
      queued.push({ id: lastId, op, args, tx });
      send();
      return call.promise;
    },
    close() {
      finish();
      port.close();
    },
    closed: ended.promise,
  };
}
