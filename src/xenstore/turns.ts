// SPDX-License-Identifier: Apache-2.0
import type { Caller } from './permissions.ts';

/**
 * Fairness between those who write and those whose transactions conflict with it (XSA-206). Whose transaction lost several
 * times in a row has the *turn* for the next one: while it is open, the requests of other unprivileged domains wait. A turn is
 * short, and afterwards there is none for four times as long as it took, so that nobody can stop the others by it.
 */
export interface Turns {
  /** Asks for the turn. @returns the end of it; undefined when it is not to be had now */
  take(owner: Caller): (() => void) | undefined;
  /** Whether the caller's requests have to wait. @param goOn called, once, when they need not wait any longer */
  mustWait(caller: Caller, goOn: () => void): boolean;
}

/** Transactions that have to be lost one after the other. */
export const LOSSES = 3;
/** Milliseconds after which a turn ends by itself; what it is for takes some messages, far less than one. */
const LIMIT = 20;
const REST = 4;

export function createTurns(): Turns {
  const waiting = new Set<() => void>();
  let owner: Caller | undefined;
  let restUntil = 0;

  return {
    take(asker) {
      const began = performance.now();
      if (owner !== undefined || began < restUntil) return undefined;
      owner = asker;
      const timer = setTimeout(end, LIMIT);
      let over = false;
      function end(): void {
        if (over) return;
        over = true;
        clearTimeout(timer);
        owner = undefined;
        const now = performance.now();
        restUntil = now + REST * (now - began);
        const released = [...waiting];
        waiting.clear();
        for (const goOn of released) goOn();
      }
      return end;
    },
    mustWait(caller, goOn) {
      if (owner === undefined || caller.privileged || caller.domid === owner.domid) return false;
      waiting.add(goOn);
      return true;
    },
  };
}
