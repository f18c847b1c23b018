// SPDX-License-Identifier: Apache-2.0
import type { ChannelSink, WordBuffer } from '../../src/idc/contract.ts';
import { privateRecord } from '../../src/idc/copy.ts';

/** A request or reply that arrived. `head` is the kind or the error. */
export interface Arrived {
  readonly id: number;
  readonly head: number;
  readonly bytes: readonly number[];
}

/** What to do beside recording. */
export interface Reactions {
  readonly onRequest?: (request: Arrived) => void;
  readonly onReply?: (reply: Arrived) => void;
  readonly onDelivered?: () => void;
}

/** A sink that keeps copies of what arrives. */
export interface Recorder extends ChannelSink {
  readonly requests: Arrived[];
  readonly replies: Arrived[];
  readonly reasons: string[];
}

export function createRecorder({ onRequest, onReply, onDelivered }: Reactions = {}): Recorder {
  const requests: Arrived[] = [];
  const replies: Arrived[] = [];
  const reasons: string[] = [];
  const copy = ({ bytes }: WordBuffer, offset: number, length: number) => [...bytes.slice(offset, offset + length)];
  return {
    requests,
    replies,
    reasons,
    request(head, id, memory, offset, length) {
      const request = { id, head, bytes: copy(memory, offset, length) };
      requests.push(request);
      onRequest?.(request);
    },
    reply(id, head, memory, offset, length) {
      const reply = { id, head, bytes: copy(memory, offset, length) };
      replies.push(reply);
      onReply?.(reply);
    },
    delivered: () => onDelivered?.(),
    broken: (reason) => reasons.push(reason),
  };
}

/** A private record that holds these bytes. */
export function record(bytes: readonly number[]): WordBuffer {
  const memory = privateRecord(bytes.length);
  memory.bytes.set(bytes);
  return memory;
}

/** `length` bytes that depend on `seed`. */
export function pattern(seed: number, length: number): number[] {
  return Array.from({ length }, (_, index) => (seed * 31 + index * 7) & 255);
}
