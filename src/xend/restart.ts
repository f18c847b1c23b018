// SPDX-License-Identifier: Apache-2.0
import type { XendDomain } from './domain.ts';

/** Least time between restarts (seconds, spec/xend.md 2.7). A life that is shorter is a quick one. */
const MIN_LIFE = 20;
/**
 * Quick lives in a row after which there is another one. The first restart is always granted, as nothing was restarted just before
 * it. A kernel that returns at once would else keep xend busy for ever, but some do their work in no time.
 */
const MAX_QUICK_LIVES = { crashed: 1, ended: 5 };

/** What the rules for restarts look at. */
type Ended = Pick<XendDomain, 'name' | 'startTime' | 'quickLives' | 'shutdownTimer'>;

/**
 * Whether a domain that ended just now may be restarted.
 *
 * @returns the quick lives in a row so far, for the one that follows it; or, as a text, why there is none
 */
export function judgeRestart(domain: Ended, crashed: boolean): number | string {
  const lived = Date.now() / 1000 - domain.startTime;
  // What xend was asked for is no loop, however often.
  if (lived >= MIN_LIFE || (domain.shutdownTimer !== undefined && !crashed)) return 0;
  const quickLives = domain.quickLives + 1;
  if (quickLives <= MAX_QUICK_LIVES[crashed ? 'crashed' : 'ended']) return quickLives;
  return `VM ${domain.name} restarting too fast (after ${lived.toFixed(1)} s, ${quickLives} times in a row): it stays down`;
}
