// SPDX-License-Identifier: Apache-2.0
import { ARGO_LIMITS } from './argo-contract.ts';
import { bytesOf } from './bytes.ts';
import { raiseArgo, type SharedInfo } from './shared-info.ts';

// Taken before any kernel runs: one that replaces them must not be handed the memory of other domains.
const { Int32Array: Words } = globalThis;
const { load, store, compareExchange } = Atomics;

/** Bytes before a ring's data; rx_ptr and tx_ptr are its first words (spec/primitives.md 7.3). */
export const RING_HEADER = 64;
/** Bytes before each message: length, source port, source domid, type. */
export const MESSAGE_HEADER = 16;

const RX_PTR = 0;
const TX_PTR = 1;

// Words of the control memory, which no kernel sees.
/** A {@link RING_STATE} in its low bits; the rest counts how often senders have to ask anew whether they may send. */
const STATE = 0;
/** Domid + 1 of the sender that copies now, or 0. */
export const LOCK = 1;
/** How many wait for the lock. */
export const LOCK_WAITERS = 2;
const TX = 3;
/** 1 when a slot below may be taken; spares the receiver looking at all of them. */
const HINT = 4;
/** The receive index as senders saw it last. Looking at the ring for each message would take its memory from the receiver's cache. */
const RX_SEEN = 5;
/** For observers: bytes and messages ever put into the ring, modulo 2^32. */
const SENT_BYTES = 6;
const SENT_MESSAGES = 7;
const WAITING = 16;
const NEEDED = WAITING + ARGO_LIMITS.waiting;
const CONTROL_WORDS = NEEDED + ARGO_LIMITS.waiting;

/** Life of a ring. `refused`: no ring is left for its senders; `changed`: ask the hypervisor which. */
export const RING_STATE = { live: 0, refused: 1, changed: 2 } as const;
const STATE_MASK = 3;

/** The memory of a ring and what the hypervisor keeps of it: shared by its receiver's and its senders' hypercall clients. */
export interface ArgoMemory {
  readonly length: number;
  readonly buffer: SharedArrayBuffer;
  readonly words: Int32Array<SharedArrayBuffer>;
  readonly bytes: Uint8Array<SharedArrayBuffer>;
  readonly control: Int32Array<SharedArrayBuffer>;
}

/** Memory of a new ring, empty and live. @param buffer header and data, zeroed */
export function createRingMemory(buffer: SharedArrayBuffer): ArgoMemory {
  return openRingMemory(buffer, new SharedArrayBuffer(CONTROL_WORDS * 4));
}

/** The same memory in another thread. */
export function openRingMemory(buffer: SharedArrayBuffer, control: SharedArrayBuffer): ArgoMemory {
  return {
    length: buffer.byteLength - RING_HEADER,
    buffer,
    words: new Words(buffer),
    bytes: bytesOf(buffer),
    control: new Words(control),
  };
}

/** To whole slots of 16 bytes. @param bytes at most 2^31 - 16 */
export function roundUp(bytes: number): number {
  return (bytes + 15) & ~15;
}

/** Where the receiver says it is. It may say anything: rounded up, and 0 where that is outside. */
export function receiveIndex({ words, length }: ArgoMemory): number {
  const index = load(words, RX_PTR) >>> 0;
  if (index >= length) return 0;
  const rounded = roundUp(index);
  return rounded === length ? 0 : rounded;
}

export function setReceiveIndex({ words }: ArgoMemory, index: number): void {
  store(words, RX_PTR, index);
}

/** Where the next message goes: the hypervisor's own, which is all that senders believe. */
export function sendIndex({ control }: ArgoMemory): number {
  return load(control, TX);
}

/** Makes what was copied visible: first for senders, then in the ring. */
export function setSendIndex(memory: ArgoMemory, index: number): void {
  store(memory.control, TX, index);
  publishSendIndex(memory);
}

/** Counts a message that was put into the ring. For the sender that has the lock. @param bytes that it takes there */
export function countMessage({ control }: ArgoMemory, bytes: number): void {
  control[SENT_BYTES] = (control[SENT_BYTES]! + bytes) | 0;
  control[SENT_MESSAGES] = (control[SENT_MESSAGES]! + 1) | 0;
}

/** A look at a ring from outside, which costs its ends nothing. The receiver may lie about what it has received. */
export interface ArgoReading {
  /** Bytes of the ring that hold messages, each with its header. */
  readonly used: number;
  /** Ever put into it, modulo 2^32. */
  readonly sentBytes: number;
  readonly messages: number;
  /** Domains that wait for room. */
  readonly waiting: number;
}

export function readArgoRing(memory: ArgoMemory): ArgoReading {
  const { control, length } = memory;
  const used = sendIndex(memory) - receiveIndex(memory);
  return {
    used: used < 0 ? used + length : used,
    sentBytes: load(control, SENT_BYTES) >>> 0,
    messages: load(control, SENT_MESSAGES) >>> 0,
    waiting: control.subarray(WAITING, NEEDED).filter((waiter) => waiter !== 0).length,
  };
}

/** Copies the private index into the ring, over whatever is there. */
export function publishSendIndex({ words, control }: ArgoMemory): void {
  store(words, TX_PTR, load(control, TX));
}

/** The send index that the receiver left in its memory: kept if it can be true, else the ring begins at the receive index. */
export function adoptSendIndex(memory: ArgoMemory): void {
  const index = load(memory.words, TX_PTR) >>> 0;
  const sound = index < memory.length && roundUp(index) === index;
  store(memory.control, RX_SEEN, receiveIndex(memory));
  setSendIndex(memory, sound ? index : receiveIndex(memory));
}

/** Bytes between the two indexes that hold no message; a message must be smaller than this. */
function freeBytes({ length }: ArgoMemory, received: number, sent: number): number {
  const free = received - sent;
  return free <= 0 ? free + length : free;
}

/** Whether a message of so many bytes, its header included, finds room. For the sender that has the lock. */
export function hasRoom(memory: ArgoMemory, bytes: number): boolean {
  const { control } = memory;
  const sent = control[TX]!;
  if (bytes < freeBytes(memory, control[RX_SEEN]!, sent)) return true;
  const received = receiveIndex(memory);
  control[RX_SEEN] = received;
  return bytes < freeBytes(memory, received, sent);
}

/** Largest payload that finds room now, bytes. */
export function payloadSpace(memory: ArgoMemory): number {
  const space = freeBytes(memory, receiveIndex(memory), sendIndex(memory)) - 2 * MESSAGE_HEADER;
  return space > 0 ? space : 0;
}

/** Largest payload that the ring ever takes, bytes. */
export function maxPayload(memory: ArgoMemory): number {
  return memory.length - 2 * MESSAGE_HEADER;
}

export function ringState({ control }: ArgoMemory): number {
  return load(control, STATE) & STATE_MASK;
}

/** Moves with {@link ringState}, and with {@link renewRing}: what a sender was told holds while this is the same. */
export function ringPhase({ control }: ArgoMemory): number {
  return load(control, STATE);
}

/** For the hypervisor alone. */
export function setRingState({ control }: ArgoMemory, state: number): void {
  store(control, STATE, (load(control, STATE) & ~STATE_MASK) | state);
}

/** Has all senders ask anew whether they may send. For the hypervisor alone. */
export function renewRing({ control }: ArgoMemory): void {
  store(control, STATE, (load(control, STATE) + STATE_MASK + 1) | 0);
}

/**
 * Queues a wake-up for a domain that needs room for `payload` bytes; a domain waits once, for the most it asked for. Look for
 * room once more afterwards: the receiver may have made some before it could see this.
 *
 * @returns false when too many wait
 */
export function queueWaiting({ control }: ArgoMemory, domid: number, payload: number): boolean {
  const waiter = domid + 1;
  const needed = roundUp(payload);
  for (let slot = 0; slot < ARGO_LIMITS.waiting; slot++) {
    if (load(control, WAITING + slot) === waiter) {
      if (load(control, NEEDED + slot) < needed) store(control, NEEDED + slot, needed);
      store(control, HINT, 1);
      return true;
    }
  }
  for (let slot = 0; slot < ARGO_LIMITS.waiting; slot++) {
    // Until the size is right a wake-up may come early, which is harmless.
    if (compareExchange(control, WAITING + slot, 0, waiter) === 0) {
      store(control, NEEDED + slot, needed);
      store(control, HINT, 1);
      return true;
    }
  }
  return false;
}

/** A domain waits no more. */
export function cancelWaiting({ control }: ArgoMemory, domid: number): void {
  const waiter = domid + 1;
  for (let slot = 0; slot < ARGO_LIMITS.waiting; slot++) {
    if (load(control, WAITING + slot) === waiter) compareExchange(control, WAITING + slot, waiter, 0);
  }
}

/**
 * Wakes those for whom there is room now, and takes them out of the queue.
 *
 * @param space bytes of payload that there is room for
 * @param find shared page of a domain; undefined when it cannot be woken yet: it stays
 */
export function wakeWaiting(
  { control }: ArgoMemory,
  space: number,
  find: (domid: number) => SharedInfo | undefined,
): void {
  // The look alone is cheaper, and mostly nobody waits.
  if (load(control, HINT) === 0) return;
  store(control, HINT, 0);
  for (let slot = 0; slot < ARGO_LIMITS.waiting; slot++) {
    const waiter = load(control, WAITING + slot);
    if (waiter === 0) continue;
    const info = load(control, NEEDED + slot) <= space ? find(waiter - 1) : undefined;
    if (info === undefined) {
      store(control, HINT, 1);
    } else if (compareExchange(control, WAITING + slot, waiter, 0) === waiter) {
      // Only now: woken before, it could queue again into the slot that is about to be cleared.
      raiseArgo(info);
    }
  }
}
