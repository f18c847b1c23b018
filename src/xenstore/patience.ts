// SPDX-License-Identifier: Apache-2.0

/** How long to look before sleeping, in milliseconds: about what it costs two threads to sleep and to be woken. */
const LOOK = 0.05;
/** After a sleep shorter than this, in milliseconds, looking would probably have paid. */
const SHORT_SLEEP = 0.1;
/** Most short sleeps that are not looked for after looks in vain. */
const MAX_RESERVE = 16;

/**
 * Decides how long one end of a lane looks for something before it sleeps: not at all, until sleeps turn out to be short;
 * and the more often it looked in vain, the rarer it does.
 */
export interface Patience {
  /** Something was there. */
  found(): void;
  /** Nothing was there. @returns whether to look again, not to sleep */
  lasts(): boolean;
  /** A sleep begins; {@link Patience.found} ends it. */
  sleep(): void;
}

export function createPatience(): Patience {
  let looking = false;
  /** Short sleeps to come that are not looked for. */
  let unlooked = 0;
  let reserve = 1;
  /** When the sleep began, or the last thing was found; it is asked for only when nothing is there. */
  let since = 0;
  let asleep = false;
  let idle = false;

  return {
    found() {
      if (asleep && performance.now() - since < SHORT_SLEEP) {
        if (unlooked > 0) unlooked--;
        else looking = true;
      }
      // A look that paid.
      else if (!asleep && idle && looking) reserve = 1;
      asleep = false;
      idle = false;
    },
    lasts() {
      if (!looking) return false;
      const now = performance.now();
      if (!idle) {
        idle = true;
        since = now;
      }
      if (now - since < LOOK) return true;
      looking = false;
      unlooked = reserve;
      reserve = Math.min(MAX_RESERVE, reserve * 2);
      return false;
    },
    sleep() {
      if (asleep) return;
      asleep = true;
      idle = false;
      since = performance.now();
    },
  };
}
