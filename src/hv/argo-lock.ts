// SPDX-License-Identifier: Apache-2.0
import { type ArgoMemory, LOCK, LOCK_WAITERS, publishSendIndex } from './argo-memory.ts';

const { load, store, add, sub, compareExchange, wait, waitAsync, notify } = Atomics;

/** Looks at a taken lock before sleeping: some microseconds, as long as a copy takes. */
const SPIN = 200;
/** Sleeps of one millisecond before a sender is told to try later. */
const SLICES = 100;
const SLICE_MS = 1;
/** Owner of a lock that the hypervisor holds. */
const HYPERVISOR = 0x7fffffff;

const ownerOf = (domid: number): number => domid + 1;

/**
 * Excludes the other senders of a ring. What gives it back must not call a function: see `reserveStack`.
 *
 * @param mayWait whether this thread may block for some milliseconds; xend's may not
 * @returns false when it stayed taken
 */
export function lockRing({ control }: ArgoMemory, domid: number, mayWait: boolean): boolean {
  const owner = ownerOf(domid);
  for (let look = 0; look < SPIN; look++) {
    if (load(control, LOCK) === 0 && compareExchange(control, LOCK, 0, owner) === 0) return true;
  }
  if (!mayWait) return false;
  add(control, LOCK_WAITERS, 1);
  let taken = false;
  for (let slice = 0; slice < SLICES && !taken; slice++) {
    const holder = compareExchange(control, LOCK, 0, owner);
    taken = holder === 0;
    if (!taken) wait(control, LOCK, holder, SLICE_MS);
  }
  sub(control, LOCK_WAITERS, 1);
  return taken;
}

/** Lets the next sender in, as the hypervisor. */
function unlockRing({ control }: ArgoMemory): void {
  store(control, LOCK, 0);
  if (load(control, LOCK_WAITERS) !== 0) notify(control, LOCK, 1);
}

/**
 * Waits in xend's thread, without blocking it, until no sender is inside. Senders look at the ring's state once they have the
 * lock: none that comes later writes into a ring that is not live. A copy runs no kernel code, so this takes microseconds;
 * the lock of one that died is broken.
 *
 * @param work done while no sender is inside
 */
export async function fenceSenders(memory: ArgoMemory, work?: () => void): Promise<void> {
  const { control } = memory;
  for (;;) {
    const holder = compareExchange(control, LOCK, 0, HYPERVISOR);
    if (holder === 0) break;
    add(control, LOCK_WAITERS, 1);
    const { async, value } = waitAsync(control, LOCK, holder, SLICE_MS);
    if (async) await value;
    sub(control, LOCK_WAITERS, 1);
  }
  work?.();
  unlockRing(memory);
}

/**
 * Takes the lock from a sender whose thread has ended. Its message is complete or was never there, as the private index moves
 * in one step; the ring's copy may be behind.
 *
 * @returns whether it had the lock
 */
export function breakLock(memory: ArgoMemory, domid: number): boolean {
  if (load(memory.control, LOCK) !== ownerOf(domid)) return false;
  publishSendIndex(memory);
  unlockRing(memory);
  return true;
}
