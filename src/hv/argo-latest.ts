// SPDX-License-Identifier: Apache-2.0
import { copyOut } from './argo-copy.ts';
import {
  type ArgoMemory,
  MESSAGE_HEADER,
  RING_HEADER,
  readArgoRing,
  receiveIndex,
  roundUp,
  sendIndex,
} from './argo-memory.ts';
import type { DomId } from './contract.ts';

/** How far back the beginning of a message is looked for, bytes. */
const REACH = 65_536 + MESSAGE_HEADER;
/** Bytes of each message that are copied. */
const SHOWN = 64;

/** A message that is, or was, in a ring. */
export interface ArgoLook {
  readonly domid: DomId;
  readonly aport: number;
  readonly type: number;
  /** Bytes of its payload, and the first of them. */
  readonly length: number;
  readonly bytes: Uint8Array;
  readonly received: boolean;
}

/**
 * The last messages in a ring, oldest first, also those that were received: they stay until others come. Nothing says where a message
 * began, so it is looked for from its end: what has a length that leads there, and comes from somebody. The receiver may write into
 * its ring what it likes.
 */
export function latestMessages(memory: ArgoMemory, most: number): readonly ArgoLook[] {
  const { messages } = readArgoRing(memory);
  const received = receiveIndex(memory);
  const looks: ArgoLook[] = [];
  let isReceived = sendIndex(memory) === received;
  let end = sendIndex(memory);
  for (let left = memory.length; looks.length < Math.min(most, messages); ) {
    const found = messageBefore(memory, end, left);
    if (found === undefined) break;
    looks.push({ ...found.look, received: isReceived });
    end = found.at;
    left -= found.taken;
    isReceived ||= end === received;
  }
  return looks.reverse();
}

/** @param left bytes that no later message has taken */
function messageBefore(memory: ArgoMemory, end: number, left: number) {
  const { words, length: size } = memory;
  for (let taken = MESSAGE_HEADER; taken <= Math.min(left, REACH); taken += MESSAGE_HEADER) {
    const at = (end - taken + size) % size;
    const header = (RING_HEADER + at) >> 2;
    const total = words[header]! >>> 0;
    // The sender, and two bytes of nothing. Each word is read once: the receiver may change it meanwhile.
    const domid = words[header + 2]! >>> 0;
    if (total < MESSAGE_HEADER || roundUp(total) !== taken || domid > 0xffff) continue;
    const length = total - MESSAGE_HEADER;
    const bytes = new Uint8Array(Math.min(SHOWN, length));
    copyOut(memory, (at + MESSAGE_HEADER) % size, bytes, bytes.length);
    const look = { domid, aport: words[header + 1]! >>> 0, type: words[header + 3]! >>> 0 };
    return { at, taken, look: { ...look, length, bytes } };
  }
  return undefined;
}
