// SPDX-License-Identifier: Apache-2.0
import type { XendDomain } from './domain.ts';

/** A life shorter than this is a quick one (seconds, spec/xend.md 2.7): a domain that crashes in it is not restarted. */
const MIN_LIFE = 20;
/** Quick lives in a row that may end without a crash. A kernel that returns at once would else keep xend busy for ever. */
const MAX_QUICK_LIVES = 5;

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
  if (!crashed && quickLives <= MAX_QUICK_LIVES) return quickLives;
  const times = quickLives > 1 ? `, for the ${quickLives}th time` : '';
  return `VM ${domain.name} restarting too fast (after ${lived.toFixed(1)} s${times}): it stays down`;
}
