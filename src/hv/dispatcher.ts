// SPDX-License-Identifier: Apache-2.0
import {
  hasWork,
  isPaused,
  MAX_PORTS,
  prepareSleep,
  type SharedInfo,
  sleep,
  takePending,
  waitWhilePaused,
} from './shared-info.ts';

/** Longest spin before sleeping, in looks at the selector word (some 5 microseconds). */
const MAX_SPIN = 256;
/** Rounds of events handled before the event loop gets a turn. */
const ROUNDS_PER_TURN = 64;

/** Delivers a domain's events to handlers. There is one for each domain, in the domain's thread. */
export interface Dispatcher {
  /** Sets or removes the handler of a port. Events without handler are dropped. */
  listen(port: number, handler: (() => void) | undefined): void;
  /** Handles what is pending, now. @returns whether any event was there */
  poll(): boolean;
  /** Ends delivery. */
  stop(): void;
}

/**
 * Starts delivering events of `info`. Sleeps on the event count; before that it spins for a short time that grows while
 * spinning pays and shrinks while it does not.
 */
export function createDispatcher(info: SharedInfo): Dispatcher {
  const handlers: ((() => void) | undefined)[] = new Array(MAX_PORTS).fill(undefined);
  let stopped = false;
  let spin = 0;

  const handle = (port: number): void => handlers[port]?.();
  const poll = (): boolean => takePending(info, handle);

  function workCameWhileSpinning(): boolean {
    for (let look = 0; look < spin; look++) {
      if (hasWork(info)) {
        spin = Math.min(MAX_SPIN, spin * 2);
        return true;
      }
    }
    spin = Math.max(8, spin >> 1);
    return hasWork(info);
  }

  function turn(): void {
    if (stopped) return;
    for (let round = 0; round < ROUNDS_PER_TURN; round++) {
      if (isPaused(info)) waitWhilePaused(info);
      poll();
      if (workCameWhileSpinning()) continue;
      const sequence = prepareSleep(info);
      if (sequence === undefined) continue;
      const woken = sleep(info, sequence);
      if (woken === undefined) continue;
      void woken.then(turn);
      return;
    }
    setImmediate(turn);
  }

  // Not at once: the caller first sets its handlers.
  queueMicrotask(turn);
  return {
    listen(port, handler) {
      handlers[port] = handler;
    },
    poll,
    stop() {
      stopped = true;
    },
  };
}
