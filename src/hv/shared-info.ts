// SPDX-License-Identifier: Apache-2.0
import { EVTCHN_STATUS } from './contract.ts';

/**
 * The page that a domain's thread, the hypervisor and its event channel peers share: pending and mask bits, the wake-up
 * word, the state of each port, and counters. Word indexes into an Int32Array (spec/primitives.md 6.1, two-level events).
 */
export type SharedInfo = Int32Array<SharedArrayBuffer>;

/** Ports of a domain: 32 words of 32 bits, one selector word. */
export const MAX_PORTS = 1024;

const WAKE = 0;
const SLEEPING = 1;
const SELECTOR = 2;
const PAUSED = 3;
/** Port of VIRQ_ARGO, 0 when it is not bound: whoever sends a message raises it without asking the hypervisor. */
const ARGO_PORT = 4;
/** Counts changes after which a message of this domain may find a ring where there was none. */
const ARGO_CHANGES = 5;
/** Counts the rings that were registered for this domain alone: they go before rings for everybody. */
const ARGO_PARTNER_RINGS = 6;
/** Port whose event the thread blocks for, 0 for none. */
const AWAITED = 7;
const PENDING = 16;
const MASK = PENDING + 32;
const STATE = MASK + 32;
const SENT = STATE + MAX_PORTS;
const RECEIVED = SENT + MAX_PORTS;
const WORDS = RECEIVED + MAX_PORTS;

/** The low bits of a state word hold an EVTCHN_STATUS, the rest counts how often the port was bound. */
const STATUS_BITS = 3;

/** A page for a new domain: nothing pending, nothing masked, all ports closed, not paused. */
export function createSharedInfo(): SharedInfo {
  return new Int32Array(new SharedArrayBuffer(WORDS * 4));
}

/** Wakes the domain if it sleeps. The order is the proven one: clear the flag, move the word, notify (DESIGN.md 5, rule 8). */
export function wake(info: SharedInfo): void {
  if (Atomics.exchange(info, SLEEPING, 0) === 1) {
    Atomics.add(info, WAKE, 1);
    Atomics.notify(info, WAKE);
  }
}

/** Wakes the domain's thread if it blocks for something of this port. */
function wakeWaiter(info: SharedInfo, port: number): void {
  if (Atomics.load(info, AWAITED) === port && Atomics.compareExchange(info, AWAITED, port, 0) === port) {
    Atomics.notify(info, AWAITED);
  }
}

/**
 * Blocks the thread until an event of `port` is pending, masked or not, until the port is closed or its other end gone, or for
 * `timeout` milliseconds, and takes the event: what SCHEDOP_poll is in Xen.
 *
 * @returns whether there was an event
 */
export function waitForEvent(info: SharedInfo, port: number, timeout: number): boolean {
  const word = PENDING + (port >>> 5);
  const bit = 1 << (port & 31);
  waitWhilePaused(info);
  // Announced before looking: who raises the event, or unbinds the port, looks here after that.
  Atomics.store(info, AWAITED, port);
  const idle = (Atomics.load(info, word) & bit) === 0 && isOpen(portState(info, port)) && !isPaused(info);
  if (idle) Atomics.wait(info, AWAITED, port, timeout);
  Atomics.store(info, AWAITED, 0);
  waitWhilePaused(info);
  return takeEvent(info, port);
}

/** Takes the event of one port, masked or not. @returns whether there was one */
export function takeEvent(info: SharedInfo, port: number): boolean {
  const bit = 1 << (port & 31);
  if ((Atomics.and(info, PENDING + (port >>> 5), ~bit) & bit) === 0) return false;
  info[RECEIVED + port] = (info[RECEIVED + port]! + 1) | 0;
  return true;
}

/** Raises the pending bit of a port. One sticky bit: raising it again before it is seen changes nothing. */
export function setPending(info: SharedInfo, port: number): void {
  const word = port >>> 5;
  const bit = 1 << (port & 31);
  if (Atomics.or(info, PENDING + word, bit) & bit) return;
  wakeWaiter(info, port);
  if (Atomics.load(info, MASK + word) & bit) return;
  Atomics.or(info, SELECTOR, 1 << word);
  wake(info);
}

/** Says on which port VIRQ_ARGO arrives; 0 for none. */
export function setArgoPort(info: SharedInfo, port: number): void {
  Atomics.store(info, ARGO_PORT, port);
}

/** Raises VIRQ_ARGO: a message came, there is room, or it is time to try again. */
export function raiseArgo(info: SharedInfo): void {
  const port = Atomics.load(info, ARGO_PORT);
  if (port > 0 && port < MAX_PORTS) setPending(info, port);
}

/** Tells a domain that rings came or went, so that what it knows of them may be old. */
export function countArgoChange(info: SharedInfo, forItAlone: boolean): void {
  if (forItAlone) Atomics.add(info, ARGO_PARTNER_RINGS, 1);
  Atomics.add(info, ARGO_CHANGES, 1);
}

/** Count that moves when a message may find a ring where there was none. */
export function argoChanges(info: SharedInfo): number {
  return Atomics.load(info, ARGO_CHANGES);
}

/** Count that moves when a ring for this domain alone is registered. */
export function argoPartnerRings(info: SharedInfo): number {
  return Atomics.load(info, ARGO_PARTNER_RINGS);
}

/** Holds the events of a port back: they stay pending, and wake nobody. */
export function setMask(info: SharedInfo, port: number): void {
  Atomics.or(info, MASK + (port >>> 5), 1 << (port & 31));
}

/** Clears the mask and raises again what became pending meanwhile: clearing the bit alone would lose it. */
export function clearMask(info: SharedInfo, port: number): void {
  const word = port >>> 5;
  const bit = 1 << (port & 31);
  Atomics.and(info, MASK + word, ~bit);
  if (Atomics.load(info, PENDING + word) & bit) {
    Atomics.or(info, SELECTOR, 1 << word);
    wake(info);
  }
}

/** Is any unmasked event waiting? */
export function hasWork(info: SharedInfo): boolean {
  return Atomics.load(info, SELECTOR) !== 0;
}

/**
 * Takes every pending, unmasked port, each at most once. The bit is cleared *before* the port is handled, so an event raised
 * meanwhile is seen in the next round. What is left while a port is handled stays announced: a handler may poll for the event
 * of another port, and one that throws loses nobody else's.
 *
 * @returns whether there was any
 */
export function takePending(info: SharedInfo, handle: (port: number) => void): boolean {
  let words = Atomics.exchange(info, SELECTOR, 0);
  let taken = false;
  while (words !== 0) {
    const word = 31 - Math.clz32(words);
    words &= ~(1 << word);
    let bits = Atomics.load(info, PENDING + word) & ~Atomics.load(info, MASK + word);
    while (bits !== 0) {
      const index = 31 - Math.clz32(bits);
      bits &= ~(1 << index);
      const bit = 1 << index;
      // Handlers of this round may have masked, taken or closed it.
      if (Atomics.load(info, MASK + word) & bit) continue;
      const port = (word << 5) | index;
      if (!takeEvent(info, port)) continue;
      const left = bits === 0 ? words : words | (1 << word);
      if (left !== 0) Atomics.or(info, SELECTOR, left);
      taken = true;
      handle(port);
    }
  }
  return taken;
}

/** Forgets a pending event and the mask, for a port that begins or ends its life. */
export function resetPort(info: SharedInfo, port: number): void {
  const word = port >>> 5;
  const bit = 1 << (port & 31);
  Atomics.and(info, PENDING + word, ~bit);
  Atomics.and(info, MASK + word, ~bit);
  Atomics.store(info, SENT + port, 0);
  Atomics.store(info, RECEIVED + port, 0);
}

/** Sets what a port is and counts the change, so that a sender with an older idea of it is recognised. @returns the new word */
export function setPortState(info: SharedInfo, port: number, status: number): number {
  const generation = (Atomics.load(info, STATE + port) >>> STATUS_BITS) + 1;
  const state = (generation << STATUS_BITS) | status;
  Atomics.store(info, STATE + port, state);
  wakeWaiter(info, port);
  return state;
}

/** The state word of a port, as {@link setPortState} made it: equal words are the same binding. */
export function portState(info: SharedInfo, port: number): number {
  return Atomics.load(info, STATE + port);
}

/** Whether a state word says that the port is bound to another domain's. */
export function isInterdomain(state: number): boolean {
  return (state & ((1 << STATUS_BITS) - 1)) === EVTCHN_STATUS.interdomain;
}

/** Whether events may come to a port in this state. */
function isOpen(state: number): boolean {
  const status = state & ((1 << STATUS_BITS) - 1);
  return status === EVTCHN_STATUS.interdomain || status === EVTCHN_STATUS.virq;
}

/** Only the owning thread counts, so no atomic addition is needed. */
export function countSent(info: SharedInfo, port: number): void {
  info[SENT + port] = (info[SENT + port]! + 1) | 0;
}

/** Events sent from and handled at a port since it was opened; both wrap at 2^32. */
export function portCounters(info: SharedInfo, port: number): { readonly sent: number; readonly received: number } {
  return { sent: Atomics.load(info, SENT + port) >>> 0, received: Atomics.load(info, RECEIVED + port) >>> 0 };
}

/**
 * Prepares to sleep: reads the event count, then announces the sleep.
 *
 * @returns the count to wait on, or undefined when work came meanwhile
 */
export function prepareSleep(info: SharedInfo): number | undefined {
  const sequence = Atomics.load(info, WAKE);
  Atomics.store(info, SLEEPING, 1);
  if (hasWork(info) || isPaused(info)) {
    Atomics.store(info, SLEEPING, 0);
    return undefined;
  }
  return sequence;
}

/** Sleeps until the event count differs from `sequence`, without blocking the thread. */
export function sleep(info: SharedInfo, sequence: number): Promise<unknown> | undefined {
  const result = Atomics.waitAsync(info, WAKE, sequence);
  return result.async ? result.value : undefined;
}

/** Whether the domain waits for events: its loop, or its thread in {@link waitForEvent} (state `b`). */
export function isSleeping(info: SharedInfo): boolean {
  return Atomics.load(info, SLEEPING) === 1 || Atomics.load(info, AWAITED) !== 0;
}

/** Whether the domain was asked to stop. */
export function isPaused(info: SharedInfo): boolean {
  return Atomics.load(info, PAUSED) !== 0;
}

/** Asks the domain to stop at its next scheduling point, or lets it go on. */
export function setPaused(info: SharedInfo, paused: boolean): void {
  Atomics.store(info, PAUSED, paused ? 1 : 0);
  if (paused) {
    wake(info);
    Atomics.store(info, AWAITED, 0);
    Atomics.notify(info, AWAITED);
  } else Atomics.notify(info, PAUSED);
}

/** Blocks the domain's thread while it is paused. */
export function waitWhilePaused(info: SharedInfo): void {
  while (isPaused(info)) Atomics.wait(info, PAUSED, 1);
}
