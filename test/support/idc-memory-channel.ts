// SPDX-License-Identifier: Apache-2.0
import type { Channel, ChannelSink, Quotas, WordBuffer } from '../../src/idc/contract.ts';
import { copyRecord, privateRecord } from '../../src/idc/copy.ts';

/** What is on its way from one end to the other. */
interface Item {
  /** Kind of a request, error of a reply. */
  readonly head: number;
  readonly id: number;
  readonly body: WordBuffer;
  readonly length: number;
}

/** An end that delivers one item at a time, when it is told to. */
export interface SteppedEnd {
  readonly channel: Channel;
  /** Requests of the peer, and its replies, that could be delivered now. Read only. */
  readonly requests: readonly Item[];
  readonly replies: readonly Item[];
  deliverRequest(): void;
  deliverReply(): void;
}

/**
 * A channel without memory, threads or time: both ends are stepped by the test, so that any order of events can be tried.
 *
 * @param sharedCredit a defect to be found: a reply needs a slot of those that this end's own requests use, instead of the one
 *   that the request it answers has reserved for it
 */
export function steppedPair(quotas: Quotas, sharedCredit = false): readonly [SteppedEnd, SteppedEnd] {
  const ends = [createHalf(), createHalf()] as const;

  function createHalf() {
    return {
      sink: undefined as ChannelSink | undefined,
      requests: [] as Item[],
      replies: [] as Item[],
      /** Own requests without an answer yet. */
      asked: 0,
      /** Replies without a slot, in the defective channel. */
      stuck: [] as Item[],
    };
  }

  function item(head: number, id: number, body: WordBuffer, length: number): Item {
    const copy = privateRecord(quotas.bodyBytes);
    copyRecord(body, 0, copy, 0, length);
    return { head, id, body: copy, length };
  }

  function end(near: 0 | 1, far: 0 | 1): SteppedEnd {
    const [own, peer] = [ends[near], ends[far]];
    function reply(answer: Item): void {
      if (sharedCredit && own.asked >= quotas.inFlight) own.stuck.push(answer);
      else peer.replies.push(answer);
    }
    const channel: Channel = {
      quotas,
      open(sink) {
        own.sink = sink;
      },
      putRequest(kind, id, body, length) {
        own.asked++;
        peer.requests.push(item(kind, id, body, length));
      },
      putReply: (id, error, body, length) => reply(item(error, id, body, length)),
      flush() {},
      poll() {},
      alive: () => true,
      wait() {},
      close() {},
    };
    return {
      channel,
      requests: own.requests,
      replies: own.replies,
      deliverRequest() {
        const { head, id, body, length } = own.requests.shift()!;
        own.sink!.request(head, id, body, 0, length);
        own.sink!.delivered();
      },
      deliverReply() {
        const { head, id, body, length } = own.replies.shift()!;
        own.asked--;
        for (const answer of own.stuck.splice(0)) reply(answer);
        own.sink!.reply(id, head, body, 0, length);
        own.sink!.delivered();
      },
    };
  }
  return [end(0, 1), end(1, 0)];
}
