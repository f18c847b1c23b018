// SPDX-License-Identifier: Apache-2.0
import { type Board, endSleep, hasWork, isPaused, prepareSleep, sleep, waitWhilePaused } from './shared-info.ts';

/** How long to spin before sleeping, in milliseconds: about what it costs two threads to sleep and to be woken. */
const SPIN = 0.05;
/** After a sleep shorter than this, in milliseconds, spinning would probably have paid. */
const SHORT_SLEEP = 0.1;
/** Most short sleeps that are not spun for after spins that were in vain. */
const MAX_RESERVE = 16;
/** Rounds of events handled before the event loop gets a turn. */
const ROUNDS_PER_TURN = 16;

/**
 * Runs a thread's events: polls while there are any, and else sleeps on the event count. When sleeps are short it spins before
 * them, for as long as a wake-up takes, so that two domains that answer each other stay awake; the more often it spins in
 * vain, the rarer it does.
 *
 * @param board where events are announced: that of a domain, or of all domains of the thread
 * @param poll handles what is there. @returns whether any was
 * @returns the end of it
 */
export function runEventLoop(board: Board, poll: () => boolean): () => void {
  let stopped = false;
  /** Whether to spin before the next sleep. */
  let spinning = false;
  /** Short sleeps to come that are not spun for. */
  let unspun = 0;
  /** What `unspun` becomes after the next spin in vain. */
  let reserve = 1;
  let asleep = 0;
  let rounds = 0;

  function workCameWhileSpinning(): boolean {
    if (!spinning) return hasWork(board);
    const end = performance.now() + SPIN;
    do {
      if (hasWork(board)) {
        reserve = 1;
        return true;
      }
    } while (performance.now() < end);
    spinning = false;
    unspun = reserve;
    reserve = Math.min(MAX_RESERVE, reserve * 2);
    return hasWork(board);
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
    if (isPaused(board)) waitWhilePaused(board);
    if (poll() || workCameWhileSpinning()) {
      again();
      return;
    }
    const sequence = prepareSleep(board);
    const woken = sequence === undefined ? undefined : sleep(board, sequence);
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
  return () => {
    stopped = true;
    // A sleep that nobody ends would keep the board, and all that its domain had, in memory for ever.
    endSleep(board);
  };
}
