// SPDX-License-Identifier: Apache-2.0

/** What a look at a lane brought: requests; nothing, but there will soon be some; or nothing, and it sleeps until it is woken. */
export type Looked = 'work' | 'nothing' | 'sleep';

/** Looks in vain before the event loop has its turn: some ten microseconds. */
const EFFORT_PER_TURN = 128;
/** In as many looks in vain counts one that found a request; it may have found a ring of them. */
const EFFORT_OF_WORK = 16;

/** Looks at the lanes that do not sleep: all of this thread, so that none is waited for while another has a request. */
const awake = new Set<() => Looked>();
let scheduled = false;

/** Has a lane looked at until it sleeps. */
export function keepLooking(look: () => Looked): void {
  awake.add(look);
  schedule();
}

function schedule(): void {
  if (scheduled) return;
  scheduled = true;
  setImmediate(turn);
}

function turn(): void {
  scheduled = false;
  for (let effort = 0; effort < EFFORT_PER_TURN && awake.size > 0; ) {
    for (const look of awake) {
      const looked = look();
      if (looked === 'sleep') awake.delete(look);
      effort += looked === 'work' ? EFFORT_OF_WORK : 1;
    }
  }
  if (awake.size > 0) schedule();
}
