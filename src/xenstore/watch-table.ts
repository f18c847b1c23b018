// SPDX-License-Identifier: Apache-2.0
import { type Deliver, MAX_PAYLOAD, StoreError } from './contract.ts';
import type { Core } from './core.ts';
import type { Domain } from './domains.ts';
import { createEventQueue } from './events.ts';
import type { StorePath } from './paths.ts';
import { enforce } from './quotas.ts';
import type { Watch } from './watches.ts';

/** The watches of one connection and the events that wait for its receiver. */
export interface WatchTable {
  /** @throws StoreError EEXIST, ENOSPC, EINVAL */
  add(path: StorePath, given: string, token: string, depth: number | undefined): void;
  /** @throws StoreError ENOENT */
  delete(path: StorePath, token: string): void;
  clear(): void;
  drain(): void;
}

/** A path cannot hold a line feed, so no two watches have the same key. */
const keyOf = (path: StorePath, token: string) => `${path.text}\n${token}`;
/** Both texts travel with a NUL each. */
const fits = (path: string, token: string) => path.length + token.length + 2 <= MAX_PAYLOAD;

export function createWatchTable(core: Core, domain: Domain, deliver: Deliver): WatchTable {
  const watches = new Map<string, Watch>();
  const queue = createEventQueue<Watch>(domain.quotas.events);
  let lastId = 0;
  let draining = false;

  function drain(): void {
    if (draining) return;
    draining = true;
    try {
      for (let event = queue.take(); event !== undefined; event = queue.take()) {
        if (deliver(event.path, event.watch.token) !== false) continue;
        if (watches.get(keyOf(event.watch.path, event.watch.token)) === event.watch) queue.restore(event);
        return;
      }
    } finally {
      draining = false;
    }
  }

  function end(key: string, watch: Watch): void {
    watches.delete(key);
    core.watches.delete(watch);
    queue.forget(watch);
    domain.usage.watches--;
  }

  return {
    add(path, given, token, depth) {
      const key = keyOf(path, token);
      if (!fits(given, token) || /[^\0-\xff]/.test(token)) throw new StoreError('EINVAL', 'bad token');
      if (depth !== undefined && (!Number.isInteger(depth) || depth < 0)) throw new StoreError('EINVAL', 'bad depth');
      if (watches.has(key)) throw new StoreError('EEXIST', given);
      enforce(domain.quotas, 'watches', domain, domain.usage.watches + 1);
      const watch: Watch = {
        id: ++lastId,
        path,
        given,
        token,
        depth,
        caller: domain,
        notify(changed) {
          if (!fits(changed, token)) return;
          queue.push(changed, watch);
          core.wake(drain);
        },
      };
      watches.set(key, watch);
      core.watches.add(watch);
      domain.usage.watches++;
      // The reply to the request goes out first; its sender does that before it returns to the event loop.
      watch.notify(given);
      queueMicrotask(core.deliver);
    },

    delete(path, token) {
      const watch = watches.get(keyOf(path, token));
      if (watch === undefined) throw new StoreError('ENOENT', path.text);
      end(keyOf(path, token), watch);
    },

    clear() {
      queue.clear();
      for (const [key, watch] of [...watches]) end(key, watch);
    },

    drain,
  };
}
