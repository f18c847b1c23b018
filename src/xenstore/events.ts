// SPDX-License-Identifier: Apache-2.0

/** A watch as a queue of events sees it. */
interface Watched {
  /** Different for each watch of a queue. */
  readonly id: number;
  /** The watched path as the watcher gave it. */
  readonly given: string;
}

export interface QueuedEvent<W> {
  readonly path: string;
  readonly watch: W;
}

/**
 * Events that wait for one receiver, oldest first, in bounded memory. An event equal to a waiting one is dropped, except
 * special ones (`@...`), which count. When `limit` events wait, further ones are merged per watch into an event for the watched
 * path, whose meaning, "look below here", covers them; so at most `limit` plus one per watch wait, and no change goes unseen.
 */
export interface EventQueue<W extends Watched> {
  readonly size: number;
  push(path: string, watch: W): void;
  /** Takes the oldest out. */
  take(): QueuedEvent<W> | undefined;
  /** Puts back, as the oldest, what `take` gave. */
  restore(event: QueuedEvent<W>): void;
  /** Drops the events of a watch that ended. */
  forget(watch: W): void;
  clear(): void;
}

export function createEventQueue<W extends Watched>(limit: number): EventQueue<W> {
  const waiting = new Map<string, QueuedEvent<W>>();
  let restored: QueuedEvent<W> | undefined;
  let specials = 0;

  const keyOf = (path: string, watch: W) => `${watch.id}\n${path}`;
  const isRestored = (path: string, watch: W) => restored?.watch === watch && restored.path === path;

  return {
    get size() {
      return waiting.size + (restored === undefined ? 0 : 1);
    },
    push(path, watch) {
      const full = this.size >= limit;
      const shown = full ? watch.given : path;
      const counts = !full && path.startsWith('@');
      const key = counts ? `${keyOf(shown, watch)}\n${specials++}` : keyOf(shown, watch);
      if (waiting.has(key) || (!counts && isRestored(shown, watch))) return;
      waiting.set(key, { path: shown, watch });
    },
    take() {
      if (restored !== undefined) {
        const event = restored;
        restored = undefined;
        return event;
      }
      const [oldest] = waiting;
      if (oldest === undefined) return undefined;
      waiting.delete(oldest[0]);
      return oldest[1];
    },
    restore(event) {
      restored = event;
    },
    forget(watch) {
      if (restored?.watch === watch) restored = undefined;
      for (const [key, event] of waiting) if (event.watch === watch) waiting.delete(key);
    },
    clear() {
      restored = undefined;
      waiting.clear();
    },
  };
}
