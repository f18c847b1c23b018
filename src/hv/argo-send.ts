// SPDX-License-Identifier: Apache-2.0
import { ARGO_LIMITS, type ArgoErrno } from './argo-contract.ts';
import { copyIn } from './argo-copy.ts';
import { lockRing } from './argo-lock.ts';
import {
  type ArgoMemory,
  cancelWaiting,
  countMessage,
  hasRoom,
  LOCK,
  LOCK_WAITERS,
  MESSAGE_HEADER,
  queueWaiting,
  RING_HEADER,
  ringPhase,
  roundUp,
  sendIndex,
  setSendIndex,
} from './argo-memory.ts';
import { isBytes, lengthOf } from './bytes.ts';
import { reserveStack } from './stack.ts';

// Taken before any kernel runs.
const { load, store, notify } = Atomics;

const NOTHING = new Uint8Array(0);

/** The sending half of a domain: gathers the pieces of a message privately, then copies them into a ring. */
export interface ArgoSender {
  /** Takes references of the pieces. What a kernel does while it is looked at happens here, and not during the copy. */
  gather(iovs: readonly Uint8Array[]): ArgoErrno | undefined;
  /** Bytes of what was gathered. */
  measure(): number | ArgoErrno;
  /**
   * Copies what was gathered as one message. Runs no code of a kernel.
   *
   * @param length from {@link ArgoSender.measure}
   * @param phase of the ring, as the sender knows it
   * @returns undefined when that is over
   */
  transmit(
    memory: ArgoMemory,
    phase: number,
    aport: number,
    type: number,
    length: number,
  ): number | ArgoErrno | undefined;
  /** Lets go of the pieces. */
  forget(): void;
}

/**
 * @param domid the sender; each message says so
 * @param mayWait whether the thread may block shortly while another sender copies
 */
export function createArgoSender(domid: number, mayWait: boolean): ArgoSender {
  const pieces: Uint8Array[] = new Array(ARGO_LIMITS.iovs).fill(NOTHING);
  const lengths = new Int32Array(ARGO_LIMITS.iovs);
  let count = 0;

  /** Whether there is room; where there is none a wake-up is queued. */
  function findRoom(memory: ArgoMemory, payload: number): ArgoErrno | undefined {
    const needed = MESSAGE_HEADER + roundUp(payload);
    if (hasRoom(memory, needed)) return undefined;
    if (!queueWaiting(memory, domid, payload)) return 'EBUSY';
    // The receiver may have made room before it could see that we wait.
    if (!hasRoom(memory, needed)) return 'EAGAIN';
    cancelWaiting(memory, domid);
    return undefined;
  }

  function insert(memory: ArgoMemory, aport: number, type: number, length: number): void {
    const { words } = memory;
    const start = sendIndex(memory);
    const header = (RING_HEADER + start) >> 2;
    words[header] = MESSAGE_HEADER + length;
    words[header + 1] = aport;
    words[header + 2] = domid;
    words[header + 3] = type;
    let at = start + MESSAGE_HEADER;
    if (at === memory.length) at = 0;
    for (let index = 0; index < count; index++) at = copyIn(memory, at, pieces[index]!, lengths[index]!);
    const taken = MESSAGE_HEADER + roundUp(length);
    const next = start + taken;
    countMessage(memory, taken);
    setSendIndex(memory, next >= memory.length ? next - memory.length : next);
  }

  return {
    gather(iovs) {
      const given = iovs.length;
      if (!(given <= ARGO_LIMITS.iovs)) return 'EINVAL';
      for (count = 0; count < given; count++) {
        const piece = iovs[count]!;
        if (!isBytes(piece)) return 'EFAULT';
        pieces[count] = piece;
      }
      return undefined;
    },
    measure() {
      let sum = 0;
      for (let index = 0; index < count; index++) {
        const length = lengthOf(pieces[index]);
        if (length > ARGO_LIMITS.maxMessage) return 'EINVAL';
        lengths[index] = length;
        sum += length;
        if (sum > ARGO_LIMITS.maxMessage) return 'EMSGSIZE';
      }
      return sum;
    },
    transmit(memory, phase, aport, type, length) {
      if (MESSAGE_HEADER + roundUp(length) >= memory.length) return 'EMSGSIZE';
      const { control } = memory;
      reserveStack();
      if (!lockRing(memory, domid, mayWait)) return queueWaiting(memory, domid, length) ? 'EAGAIN' : 'EBUSY';
      try {
        if (ringPhase(memory) !== phase) return undefined;
        const refused = findRoom(memory, length);
        if (refused !== undefined) return refused;
        insert(memory, aport, type, length);
        return length;
      } finally {
        // By built-ins alone: see reserveStack.
        store(control, LOCK, 0);
        if (load(control, LOCK_WAITERS) !== 0) notify(control, LOCK, 1);
      }
    },
    forget() {
      for (let index = 0; index < count; index++) pieces[index] = NOTHING;
      count = 0;
    },
  };
}
