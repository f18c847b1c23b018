// SPDX-License-Identifier: Apache-2.0
import type { Recorder } from '../trace/recorder.ts';
import { createHandlers, type Dispatcher } from './dispatcher.ts';
import { runEventLoop } from './event-loop.ts';
import {
  type Board,
  hasWork,
  isPaused,
  mayCome,
  type SharedInfo,
  takeEvent,
  takePending,
  waitOnBoard,
  wake,
} from './shared-info.ts';

/** Runs a function for a domain, and sees to what it throws. @returns what it returns, or undefined if it threw */
export type Guard = <T>(run: () => T) => T | undefined;

/** Delivers the events of all domains of a thread: one sleep and one wake-up word for all of them. */
export interface EventHub {
  /** The dispatcher of a domain that sits on the hub's board. @param guard every handler of it runs inside */
  join(info: SharedInfo, trace: Recorder, guard: Guard): Dispatcher;
}

/**
 * Starts it. What wakes the thread names the domain: idle ones cost nothing. A paused domain is passed over; its events stay.
 * While a domain polls or waits, the others of the thread handle theirs: what it waits for may come of that.
 */
export function createEventHub(board: Board): EventHub {
  const seated = new Map<number, () => boolean>();
  /** Seats of domains that wait for one event: their handlers do not run. */
  const waiting = new Set<number>();
  let visits = 0;
  const visit = (slot: number): void => {
    if (!waiting.has(slot) && seated.get(slot)?.()) visits++;
  };
  const poll = (): boolean => {
    const before = visits;
    takePending(board, visit);
    return visits !== before;
  };
  runEventLoop(board, poll);

  function waitFor(info: SharedInfo, port: number, end: number): boolean {
    for (;;) {
      const left = end - performance.now();
      if (takeEvent(info, port)) return true;
      if (left <= 0 || !mayCome(info, port)) return takeEvent(info, port);
      if (!poll()) waitOnBoard(info, board, port, left);
    }
  }

  return {
    join(info, trace, guard) {
      const { listen, deliver, poll: own } = createHandlers(info, trace);
      const slot = info.seat!.slot;
      seated.set(slot, () => {
        if (isPaused(info)) return false;
        const found = guard(own);
        // Who throws leaves the rest announced to itself alone.
        if (found === undefined && hasWork(info)) wake(info);
        return found !== false;
      });
      return {
        listen,
        deliver,
        poll: () => own() || poll(),
        wait(port, timeout) {
          waiting.add(slot);
          try {
            return waitFor(info, port, performance.now() + timeout);
          } finally {
            waiting.delete(slot);
            if (hasWork(info)) wake(info);
          }
        },
        stop: () => void seated.delete(slot),
      };
    },
  };
}
