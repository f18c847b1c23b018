// SPDX-License-Identifier: Apache-2.0
import {
  hasWork,
  isPaused,
  MAX_PORTS,
  prepareSleep,
  type SharedInfo,
  sleep,
  takeEvent,
  takePending,
  waitWhilePaused,
} from './shared-info.ts';

/** How long to spin before sleeping, in milliseconds: about what it costs two threads to sleep and to be woken. */
const SPIN = 0.05;
/** After a sleep shorter than this, in milliseconds, spinning would probably have paid. */
const SHORT_SLEEP = 0.1;
/** Most short sleeps that are not spun for after spins that were in vain. */
const MAX_RESERVE = 16;
/** Rounds of events handled before the event loop gets a turn. */
const ROUNDS_PER_TURN = 16;

/** Delivers a domain's events to handlers. There is one for each domain, in the domain's thread. */
export interface Dispatcher {
  /** Sets or removes the handler of a port. Events without handler are dropped. */
  listen(port: number, handler: (() => void) | undefined): void;
  /** Handles what is pending, now. @returns whether any event was there */
  poll(): boolean;
  /** Handles what is pending at one port, masked or not. */
  deliver(port: number): void;
  /** Ends delivery. */
  stop(): void;
}

/**
 * Starts delivering events of `info`. Sleeps on the event count. When sleeps are short it spins before them, for as long as
 * a wake-up takes, so that two domains that answer each other stay awake; the more often it spins in vain, the rarer it does.
 */
export function createDispatcher(info: SharedInfo): Dispatcher {
  const handlers: ((() => void) | undefined)[] = new Array(MAX_PORTS).fill(undefined);
  let stopped = false;
  /** Whether to spin before the next sleep. */
  let spinning = false;
  /** Short sleeps to come that are not spun for. */
  let unspun = 0;
  /** What `unspun` becomes after the next spin in vain. */
  let reserve = 1;
  let asleep = 0;
  let rounds = 0;

  const handle = (port: number): void => handlers[port]?.();
  const poll = (): boolean => takePending(info, handle);

  function workCameWhileSpinning(): boolean {
    if (!spinning) return hasWork(info);
    const end = performance.now() + SPIN;
    do {
      if (hasWork(info)) {
        reserve = 1;
        return true;
      }
    } while (performance.now() < end);
    spinning = false;
    unspun = reserve;
    reserve = Math.min(MAX_RESERVE, reserve * 2);
    return hasWork(info);
  }

  function wakeUp(): void {
    if (performance.now() - asleep < SHORT_SLEEP) {
      if (unspun > 0) unspun--;
      else spinning = true;
    }
    turn();
  }

  function turn(): void {
    if (stopped) return;
    if (isPaused(info)) waitWhilePaused(info);
    if (poll() || workCameWhileSpinning()) {
      again();
      return;
    }
    const sequence = prepareSleep(info);
    const woken = sequence === undefined ? undefined : sleep(info, sequence);
    if (woken === undefined) again();
    else {
      asleep = performance.now();
      void woken.then(wakeUp);
    }
  }

  /** Takes the next turn when what the handlers resolved has run: the peer may wait for what comes of it. */
  function again(): void {
    rounds = (rounds + 1) % ROUNDS_PER_TURN;
    if (rounds === 0) setImmediate(turn);
    else process.nextTick(queueMicrotask, turn);
  }

  // Not at once: the caller first sets its handlers.
  queueMicrotask(turn);
  return {
    listen(port, handler) {
      handlers[port] = handler;
    },
    poll,
    deliver(port) {
      if (takeEvent(info, port)) handle(port);
    },
    stop() {
      stopped = true;
    },
  };
}
