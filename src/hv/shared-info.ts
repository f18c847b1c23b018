// SPDX-License-Identifier: Apache-2.0
import { EVTCHN_STATUS } from './contract.ts';

/**
 * The memory that a domain's thread, the hypervisor and its event channel peers share: pending and mask bits, the wake-up
 * word, the state of each port, and counters (spec/primitives.md 6.1, two-level events). What belongs to 32 ports stands
 * together, so that a domain with few of them touches little.
 */
export interface SharedInfo {
  readonly words: SharedWords;
  /** Words that tell which pending words to look at: one for each {@link MAX_PORTS} ports. */
  readonly selectors: number;
  /** Where the domain sits if others share its thread: there it is announced, and there the thread sleeps. */
  readonly seat: Seat | undefined;
}

/** An event that nobody has taken yet. */
export interface PendingPort {
  readonly port: number;
  /** It is held back. */
  readonly masked: boolean;
  /** Events that the port has taken, modulo 2^32. */
  readonly received: number;
}

type SharedWords = Int32Array<SharedArrayBuffer>;

/** A domain's place on the board of its thread. */
export interface Seat {
  readonly board: Board;
  readonly slot: number;
}

/**
 * What many domains of one thread share: it has the form of a domain's own memory, with seats in place of ports. The thread
 * sleeps on it alone, and finds there which domains have events.
 */
export type Board = Pick<SharedInfo, 'words' | 'selectors'>;

/** Ports of an ordinary domain, and seats of a board: 32 words of 32 bits, one selector word. */
export const MAX_PORTS = 1024;
/** Ports of a domain that serves many: as many as there are selector words. */
export const MAX_SERVING_PORTS = 8 * MAX_PORTS;

const WAKE = 0;
const SLEEPING = 1;
const PAUSED = 3;
/** Port of VIRQ_ARGO, 0 when it is not bound: whoever sends a message raises it without asking the hypervisor. */
const ARGO_PORT = 4;
/** Counts changes after which a message of this domain may find a ring where there was none. */
const ARGO_CHANGES = 5;
/** Counts the rings that were registered for this domain alone: they go before rings for everybody. */
const ARGO_PARTNER_RINGS = 6;
/** Port whose event the thread blocks for, 0 for none. */
const AWAITED = 7;
/** Eight words. */
const SELECTOR = 8;
/** The first group of 32 ports: a pending word, a mask word, then 32 states, 32 counters of sent and 32 of received events. */
const PENDING = 16;
const MASK = PENDING + 1;
const STATE = MASK + 1;
const SENT = STATE + 32;
const RECEIVED = SENT + 32;
const GROUP = RECEIVED + 32 - PENDING;

/** The low bits of a state word hold an EVTCHN_STATUS, the rest counts how often the port was bound. */
const STATUS_BITS = 3;

/** Memory for a new domain: nothing pending, nothing masked, all ports closed, not paused. */
export function createSharedInfo(ports = MAX_PORTS, seat?: Seat): SharedInfo {
  const words = new Int32Array(new SharedArrayBuffer((PENDING + (ports / 32) * GROUP) * 4));
  return { words, selectors: ports / MAX_PORTS, seat };
}

/** Ports that there is room for; 0 is none of them. */
export function portsOf(info: SharedInfo): number {
  return info.selectors * MAX_PORTS;
}

/** Where the word of a port stands in the group of its 32. */
function wordOf(first: number, port: number): number {
  return first + (port >>> 5) * GROUP + (port & 31);
}

/** Lets the thread look at 32 ports, or seats. */
function select({ words }: Board, word: number): void {
  Atomics.or(words, SELECTOR + (word >>> 5), 1 << (word & 31));
}

/** Wakes the domain if it sleeps. The order is the proven one: clear the flag, move the word, notify (DESIGN.md 5, rule 8). */
export function wake(info: SharedInfo): void {
  const { seat } = info;
  if (seat === undefined) {
    ring(info.words);
    return;
  }
  // Always, not only by the first: who was first may have been ended in between.
  const { board, slot } = seat;
  Atomics.or(board.words, PENDING + (slot >>> 5) * GROUP, 1 << (slot & 31));
  select(board, slot >>> 5);
  ring(board.words);
}

function ring(words: SharedWords): void {
  if (Atomics.exchange(words, SLEEPING, 0) === 1) {
    Atomics.add(words, WAKE, 1);
    Atomics.notify(words, WAKE);
  }
}

/** Wakes the domain's thread if it blocks for something of this port. */
function wakeWaiter({ words, seat }: SharedInfo, port: number): void {
  if (Atomics.load(words, AWAITED) === port && Atomics.compareExchange(words, AWAITED, port, 0) === port) {
    if (seat === undefined) Atomics.notify(words, AWAITED);
    else ring(seat.board.words);
  }
}

/**
 * Blocks the thread until an event of `port` is pending, masked or not, until the port is closed or its other end gone, or for
 * `timeout` milliseconds, and takes the event: what SCHEDOP_poll is in Xen.
 *
 * @returns whether there was an event
 */
export function waitForEvent(info: SharedInfo, port: number, timeout: number): boolean {
  const { words } = info;
  waitWhilePaused(info);
  // Announced before looking: who raises the event, or unbinds the port, looks here after that.
  Atomics.store(words, AWAITED, port);
  if (mayCome(info, port) && !isPaused(info)) Atomics.wait(words, AWAITED, port, timeout);
  Atomics.store(words, AWAITED, 0);
  waitWhilePaused(info);
  return takeEvent(info, port);
}

/**
 * The same for a domain that shares its thread: blocks only until there is something for any domain of it, because the event
 * may come of that. Takes nothing.
 */
export function waitOnBoard(info: SharedInfo, board: Board, port: number, timeout: number): void {
  Atomics.store(info.words, AWAITED, port);
  const sequence = prepareSleep(board);
  if (sequence !== undefined) {
    if (mayCome(info, port)) Atomics.wait(board.words, WAKE, sequence, timeout);
    Atomics.store(board.words, SLEEPING, 0);
  }
  Atomics.store(info.words, AWAITED, 0);
}

/** Whether an event of a port is still to come: it is not there, and somebody could raise it. */
export function mayCome(info: SharedInfo, port: number): boolean {
  const pending = Atomics.load(info.words, PENDING + (port >>> 5) * GROUP) & (1 << (port & 31));
  return pending === 0 && isOpen(portState(info, port));
}

/** Takes the event of one port, masked or not. @returns whether there was one */
export function takeEvent({ words }: Board, port: number): boolean {
  const bit = 1 << (port & 31);
  if ((Atomics.and(words, PENDING + (port >>> 5) * GROUP, ~bit) & bit) === 0) return false;
  const received = wordOf(RECEIVED, port);
  words[received] = (words[received]! + 1) | 0;
  return true;
}

/** Raises the pending bit of a port. One sticky bit: raising it again before it is seen changes nothing. */
export function setPending(info: SharedInfo, port: number): void {
  const { words } = info;
  const word = port >>> 5;
  const at = word * GROUP;
  const bit = 1 << (port & 31);
  if (Atomics.or(words, PENDING + at, bit) & bit) return;
  wakeWaiter(info, port);
  if (Atomics.load(words, MASK + at) & bit) return;
  select(info, word);
  wake(info);
}

/** Says on which port VIRQ_ARGO arrives; 0 for none. */
export function setArgoPort(info: SharedInfo, port: number): void {
  Atomics.store(info.words, ARGO_PORT, port);
}

/** Raises VIRQ_ARGO: a message came, there is room, or it is time to try again. */
export function raiseArgo(info: SharedInfo): void {
  const port = Atomics.load(info.words, ARGO_PORT);
  if (port > 0 && port < portsOf(info)) setPending(info, port);
}

/** Tells a domain that rings came or went, so that what it knows of them may be old. */
export function countArgoChange(info: SharedInfo, forItAlone: boolean): void {
  if (forItAlone) Atomics.add(info.words, ARGO_PARTNER_RINGS, 1);
  Atomics.add(info.words, ARGO_CHANGES, 1);
}

/** Count that moves when a message may find a ring where there was none. */
export function argoChanges(info: SharedInfo): number {
  return Atomics.load(info.words, ARGO_CHANGES);
}

/** Count that moves when a ring for this domain alone is registered. */
export function argoPartnerRings(info: SharedInfo): number {
  return Atomics.load(info.words, ARGO_PARTNER_RINGS);
}

/** Holds the events of a port back: they stay pending, and wake nobody. */
export function setMask({ words }: SharedInfo, port: number): void {
  Atomics.or(words, MASK + (port >>> 5) * GROUP, 1 << (port & 31));
}

/** Clears the mask and raises again what became pending meanwhile: clearing the bit alone would lose it. */
export function clearMask(info: SharedInfo, port: number): void {
  const word = port >>> 5;
  const at = word * GROUP;
  const bit = 1 << (port & 31);
  Atomics.and(info.words, MASK + at, ~bit);
  if (Atomics.load(info.words, PENDING + at) & bit) {
    select(info, word);
    wake(info);
  }
}

/** Whether an event of a port waits, and whether its events are held back. */
export function portBits({ words }: SharedInfo, port: number): { readonly pending: boolean; readonly masked: boolean } {
  const at = (port >>> 5) * GROUP;
  const bit = 1 << (port & 31);
  return {
    pending: (Atomics.load(words, PENDING + at) & bit) !== 0,
    masked: (Atomics.load(words, MASK + at) & bit) !== 0,
  };
}

/** Is any unmasked event waiting? */
export function hasWork({ words, selectors }: Board): boolean {
  for (let index = 0; index < selectors; index++) if (Atomics.load(words, SELECTOR + index) !== 0) return true;
  return false;
}

/**
 * Takes every pending, unmasked port, each at most once. The bit is cleared *before* the port is handled, so an event raised
 * meanwhile is seen in the next round. What is left while a port is handled stays announced: a handler may poll for the event
 * of another port, and one that throws loses nobody else's.
 *
 * @returns whether there was any
 */
export function takePending(board: Board, handle: (port: number) => void): boolean {
  let taken = false;
  for (let index = 0; index < board.selectors; index++) taken = takeSelected(board, index, handle) || taken;
  return taken;
}

function takeSelected(board: Board, selector: number, handle: (port: number) => void): boolean {
  const { words } = board;
  let groups = Atomics.exchange(words, SELECTOR + selector, 0);
  let taken = false;
  while (groups !== 0) {
    const group = 31 - Math.clz32(groups);
    groups &= ~(1 << group);
    const word = (selector << 5) | group;
    const at = word * GROUP;
    let bits = Atomics.load(words, PENDING + at) & ~Atomics.load(words, MASK + at);
    while (bits !== 0) {
      const index = 31 - Math.clz32(bits);
      bits &= ~(1 << index);
      const bit = 1 << index;
      // Handlers of this round may have masked, taken or closed it.
      if (Atomics.load(words, MASK + at) & bit) continue;
      const port = (word << 5) | index;
      if (!takeEvent(board, port)) continue;
      const left = bits === 0 ? groups : groups | (1 << group);
      if (left !== 0) Atomics.or(words, SELECTOR + selector, left);
      taken = true;
      handle(port);
    }
  }
  return taken;
}

/** Ports with an event that nobody has taken yet, for who observes the domain. */
export function pendingPorts({ words, selectors }: SharedInfo): readonly PendingPort[] {
  const found: PendingPort[] = [];
  for (let word = 0; word < selectors * 32; word++) {
    const at = word * GROUP;
    const pending = Atomics.load(words, PENDING + at);
    if (pending === 0) continue;
    const mask = Atomics.load(words, MASK + at);
    for (let index = 0; index < 32; index++) {
      const bit = 1 << index;
      if ((pending & bit) === 0) continue;
      const port = (word << 5) | index;
      const received = Atomics.load(words, wordOf(RECEIVED, port)) >>> 0;
      found.push({ port, masked: (mask & bit) !== 0, received });
    }
  }
  return found;
}

/** Forgets a pending event and the mask, for a port that begins or ends its life. */
export function resetPort({ words }: SharedInfo, port: number): void {
  const at = (port >>> 5) * GROUP;
  const bit = 1 << (port & 31);
  Atomics.and(words, PENDING + at, ~bit);
  Atomics.and(words, MASK + at, ~bit);
  Atomics.store(words, wordOf(SENT, port), 0);
  Atomics.store(words, wordOf(RECEIVED, port), 0);
}

/** Sets what a port is and counts the change, so that a sender with an older idea of it is recognised. @returns the new word */
export function setPortState(info: SharedInfo, port: number, status: number): number {
  const { words } = info;
  const at = wordOf(STATE, port);
  const generation = (Atomics.load(words, at) >>> STATUS_BITS) + 1;
  const state = (generation << STATUS_BITS) | status;
  Atomics.store(words, at, state);
  wakeWaiter(info, port);
  return state;
}

/** The state word of a port, as {@link setPortState} made it: equal words are the same binding. */
export function portState({ words }: SharedInfo, port: number): number {
  return Atomics.load(words, wordOf(STATE, port));
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
export function countSent({ words }: SharedInfo, port: number): void {
  const at = wordOf(SENT, port);
  words[at] = (words[at]! + 1) | 0;
}

/** Events sent from and handled at a port since it was opened; both wrap at 2^32. */
export function portCounters(
  { words }: SharedInfo,
  port: number,
): { readonly sent: number; readonly received: number } {
  return {
    sent: Atomics.load(words, wordOf(SENT, port)) >>> 0,
    received: Atomics.load(words, wordOf(RECEIVED, port)) >>> 0,
  };
}

/**
 * Prepares to sleep: reads the event count, then announces the sleep.
 *
 * @returns the count to wait on, or undefined when work came meanwhile
 */
export function prepareSleep(board: Board): number | undefined {
  const sequence = announceSleep(board);
  if (hasWork(board) || isPaused(board)) {
    Atomics.store(board.words, SLEEPING, 0);
    return undefined;
  }
  return sequence;
}

/** Announces a sleep: whoever raises an event from now on wakes the sleeper. @returns the event count before */
export function announceSleep({ words }: Board): number {
  const sequence = Atomics.load(words, WAKE);
  Atomics.store(words, SLEEPING, 1);
  return sequence;
}

/** Sleeps until the event count differs from `sequence`, without blocking the thread. */
export function sleep({ words }: Board, sequence: number): Promise<unknown> | undefined {
  const result = Atomics.waitAsync(words, WAKE, sequence);
  return result.async ? result.value : undefined;
}

/** Ends a sleep though no event came. */
export function endSleep({ words }: Board): void {
  Atomics.notify(words, WAKE);
}

/** Whether the domain waits for events, of one port or any (state `b`): its thread sleeps, or is busy with others. */
export function isSleeping(info: SharedInfo): boolean {
  const { words } = info.seat?.board ?? info;
  if (Atomics.load(words, SLEEPING) === 1 || Atomics.load(info.words, AWAITED) !== 0) return true;
  return info.seat !== undefined && !hasWork(info);
}

/** Whether the domain blocks its thread, waiting for the event of one port. */
export function isWaiting({ words }: SharedInfo): boolean {
  return Atomics.load(words, AWAITED) !== 0;
}

/** Whether the domain was asked to stop. */
export function isPaused({ words }: Board): boolean {
  return Atomics.load(words, PAUSED) !== 0;
}

/** Asks the domain to stop at its next scheduling point, or lets it go on. */
export function setPaused(info: SharedInfo, paused: boolean): void {
  const { words, seat } = info;
  Atomics.store(words, PAUSED, paused ? 1 : 0);
  // One that shares its thread is passed over meanwhile, and looked at again afterwards.
  if (paused || seat !== undefined) wake(info);
  if (seat !== undefined) return;
  if (paused) {
    Atomics.store(words, AWAITED, 0);
    Atomics.notify(words, AWAITED);
  } else Atomics.notify(words, PAUSED);
}

/** Blocks the thread while its domain is paused. */
export function waitWhilePaused(board: Board): void {
  while (isPaused(board)) Atomics.wait(board.words, PAUSED, 1);
}
