// SPDX-License-Identifier: Apache-2.0
import type { XendContext } from '../context.ts';
import type { Stall } from '../contract.ts';
import type { StallSample } from './contract.ts';
import { judge, type Suspicions, UNSUSPECTED } from './judge.ts';
import { STALL_RULES } from './rules.ts';
import { stallSentence } from './words.ts';

/** How often it is looked, milliseconds. */
const TICK = 1000;

/** Looks for what should move and does not, all the time. */
export interface StallWatch {
  /** Those there were at the last look. */
  found(): readonly Stall[];
  end(): void;
}

/** @param told when a stall is found and when it is over */
export function watchStalls(takeSample: () => StallSample, told: Pick<XendContext, 'log' | 'events'>): StallWatch {
  const { log, events } = told;
  let suspicions: Suspicions = UNSUSPECTED;
  let stalls: readonly Stall[] = [];

  function publish(event: 'found' | 'over', { rule, domid, domain, what, owes }: Stall): void {
    events.publish('stall', event, { domid, name: domain }, { rule, what, owes: owes.domain, end: owes.end });
  }

  function look(): void {
    const before = new Map(stalls.map((stall) => [keyOf(stall), stall]));
    ({ stalls, suspicions } = judge(STALL_RULES, suspicions, takeSample()));
    for (const stall of stalls) {
      if (before.delete(keyOf(stall))) continue;
      log.write('WARNING', `Stalled: ${stallSentence(stall)}`);
      publish('found', stall);
    }
    for (const stall of before.values()) {
      log.write('INFO', `No longer stalled: ${stall.domain}: ${stall.what}`);
      publish('over', stall);
    }
  }

  const timer = setInterval(look, TICK);
  timer.unref();
  return { found: () => stalls, end: () => clearInterval(timer) };
}

const keyOf = ({ rule, domid, what }: Stall): string => `${rule} ${domid} ${what}`;
