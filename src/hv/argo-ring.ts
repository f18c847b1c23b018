// SPDX-License-Identifier: Apache-2.0
import type { ArgoMessage, ArgoRing } from './argo-contract.ts';
import { copyOut } from './argo-copy.ts';
import {
  type ArgoMemory,
  MESSAGE_HEADER,
  RING_HEADER,
  RING_STATE,
  receiveIndex,
  ringState,
  roundUp,
  sendIndex,
  setReceiveIndex,
} from './argo-memory.ts';
import { type DomId, HypercallError } from './contract.ts';

/** Bytes that the buffer for received messages has at first; it grows to the largest message seen. */
const FIRST_BUFFER = 4096;

interface OwnMessage extends ArgoMessage {
  readonly source: { domid: DomId; aport: number };
  type: number;
  length: number;
  data: Uint8Array;
}

/** A receiver's view of its ring, and what its hypercall client does with it. */
export interface OwnRing {
  readonly ring: ArgoRing;
  readonly memory: ArgoMemory;
  /** Lets the senders have the room of what was received. */
  publish(): void;
  /** Does that, and forgets what it has seen and not received: somebody else may receive that now. */
  handOver(): void;
}

/**
 * Opens a ring for its receiver. Receiving allocates nothing but, now and then, a larger buffer. It looks for more only when all
 * that it has seen is received, and says so only then or when it is much: each time takes memory from the senders' cache.
 */
export function openOwnRing(memory: ArgoMemory, aport: number, partner: DomId): OwnRing {
  const { words, length: size } = memory;
  const much = size >> 3;
  /** The messages that it has seen and not received. Equal: all of what was received is published. */
  let start = 0;
  let end = 0;
  let unpublished = 0;
  const message: OwnMessage = {
    source: { domid: 0, aport: 0 },
    type: 0,
    length: 0,
    data: new Uint8Array(0),
    get bytes() {
      return message.data.subarray(0, message.length);
    },
  };

  function publish(): void {
    if (unpublished === 0) return;
    unpublished = 0;
    setReceiveIndex(memory, start);
  }

  function look(): boolean {
    if (start !== end) return true;
    start = receiveIndex(memory);
    end = sendIndex(memory);
    return start !== end;
  }

  const ring: ArgoRing = {
    aport,
    partner,
    length: size,
    buffer: memory.buffer,
    get registered() {
      return ringState(memory) === RING_STATE.live;
    },
    get empty() {
      return !look();
    },
    receive() {
      if (!look()) return undefined;
      const ready = end > start ? end - start : end - start + size;
      const header = (RING_HEADER + start) >> 2;
      // Read once: the memory is the kernel's, and other threads of its own may write there.
      const total = words[header]! >>> 0;
      if (total < MESSAGE_HEADER || total > ready) {
        start = sendIndex(memory);
        end = start;
        unpublished = size;
        publish();
        throw new HypercallError('EBADMSG', `a message of ${total} bytes where ${ready} are ready`);
      }
      const length = total - MESSAGE_HEADER;
      if (length > message.data.length) {
        message.data = new Uint8Array(Math.max(FIRST_BUFFER, 2 ** Math.ceil(Math.log2(length))));
      }
      message.source.aport = words[header + 1]! >>> 0;
      message.source.domid = words[header + 2]! & 0xffff;
      message.type = words[header + 3]! >>> 0;
      message.length = length;
      const payload = start + MESSAGE_HEADER;
      copyOut(memory, payload === size ? 0 : payload, message.data, length);
      const taken = roundUp(total);
      start += taken;
      if (start >= size) start -= size;
      unpublished += taken;
      if (start === end || unpublished >= much) publish();
      return message;
    },
  };
  return {
    ring,
    memory,
    publish,
    handOver() {
      publish();
      end = start;
    },
  };
}
