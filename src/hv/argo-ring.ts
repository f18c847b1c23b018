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

/** A receiver's view of its ring. Receiving allocates nothing but, now and then, a larger buffer. */
export function createArgoRing(memory: ArgoMemory, aport: number, partner: DomId): ArgoRing {
  const { words, length: size } = memory;
  const message: OwnMessage = {
    source: { domid: 0, aport: 0 },
    type: 0,
    length: 0,
    data: new Uint8Array(0),
    get bytes() {
      return message.data.subarray(0, message.length);
    },
  };

  return {
    aport,
    partner,
    length: size,
    buffer: memory.buffer,
    get registered() {
      return ringState(memory) === RING_STATE.live;
    },
    get empty() {
      return sendIndex(memory) === receiveIndex(memory);
    },
    receive() {
      const end = sendIndex(memory);
      const start = receiveIndex(memory);
      if (start === end) return undefined;
      const ready = end > start ? end - start : end - start + size;
      const header = (RING_HEADER + start) >> 2;
      // Read once: the memory is the kernel's, and other threads of its own may write there.
      const total = words[header]! >>> 0;
      if (total < MESSAGE_HEADER || total > ready) {
        setReceiveIndex(memory, end);
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
      copyOut(memory, (start + MESSAGE_HEADER) % size, message.data, length);
      setReceiveIndex(memory, (start + roundUp(total)) % size);
      return message;
    },
  };
}
