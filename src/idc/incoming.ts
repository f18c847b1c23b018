// SPDX-License-Identifier: Apache-2.0

import type { ChannelTrace } from '../trace/channel.ts';
import { POINT } from '../trace/points.ts';
import type {
  Channel,
  ChannelSink,
  EndpointHandlers,
  Quotas,
  ReceivedMessage,
  ReceivedTransaction,
} from './contract.ts';
import { copyRecord, privateRecord } from './copy.ts';
import type { LocalBodies } from './local-bodies.ts';
import { createMessageStream, type MessageStream } from './message-stream.ts';
import { KIND } from './submission.ts';

/** What an endpoint receives, and its user's answers to that. */
export interface Incoming {
  /** For the channel. */
  readonly request: ChannelSink['request'];
  /** A connection stands: the number of its incarnation, from 1 on. */
  open(channel: Channel, incarnation: number): void;
  /** The connection is over: what nobody has taken is thrown away, and what comes late as well. */
  close(): void;
  /** Messages for loops, in place of the handler. */
  messages(): AsyncGenerator<Uint8Array, void>;
  /** Nothing will come any more. */
  end(): void;
  /** Requests received so far, and those of them that the user holds. */
  counts(): { readonly received: number; readonly held: number };
}

/**
 * @param bufferOf makes local buffers
 * @param flush publishes what was put, unless that is held back
 * @param broke told how the peer broke the protocol
 */
export function createIncoming(
  { inFlight, bodyBytes }: Quotas,
  handlers: EndpointHandlers,
  bufferOf: LocalBodies['bufferOf'],
  flush: () => void,
  broke: (reason: string) => void,
): Incoming {
  type Place = ReturnType<typeof createPlace>;
  const places = Array.from({ length: inFlight }, () => createPlace());
  const free = [...places];
  /** One word, as a number that grows would in the end be an object. */
  const received = new Uint32Array(1);
  let stream: MessageStream | undefined;
  let incarnation = 0;
  let channel: Channel | undefined;

  /** One reserved place for something the peer sent; used for messages and transactions alike. */
  function createPlace() {
    const body = privateRecord(bodyBytes);
    const answer = privateRecord(bodyBytes);
    const parameters = body.bytes.subarray(0, bodyBytes);
    const place = {
      body,
      answer,
      id: 0,
      /** Connection it came by; 0 when the place is free. */
      incarnation: 0,
      /** It is recorded how long it takes to answer. */
      traced: false,
      transaction: {
        parameters,
        parametersLength: 0,
        status: answer.bytes.subarray(0, bodyBytes),
        parametersBuffer: () => bufferOf(parameters, place.transaction.parametersLength),
        statusBuffer: () => bufferOf(place.transaction.status, bodyBytes),
        complete: (error: number, statusLength = 0) => release(error, statusLength),
      },
      message: {
        body: parameters,
        length: 0,
        bodyBuffer: () => bufferOf(parameters, place.message.length),
        complete: () => release(0, 0),
      },
    };
    function release(error: number, statusLength: number): void {
      if (place.incarnation === 0) throw new Error('completed twice');
      if (statusLength >>> 0 > bodyBytes) throw new RangeError(`a status has at most ${bodyBytes} bytes`);
      const late = place.incarnation !== incarnation;
      const { traced } = place;
      place.incarnation = 0;
      place.traced = false;
      // Of an earlier connection: nobody waits for it, and another place was made for it (see replaceHeld).
      if (late) return;
      free.push(place);
      if (channel === undefined) return;
      if (traced) channel.trace?.recorder.mark(POINT.answer, channel.trace.theirs, place.id);
      channel.putReply(place.id, error, answer, statusLength);
      flush();
    }
    return place;
  }

  /**
   * Gives a new connection its whole quota, although the user still holds places of the old one. A held place is never used
   * again: completing it late must not answer something newer.
   */
  function replaceHeld(): void {
    for (const [index, place] of places.entries()) {
      if (place.incarnation === 0) continue;
      places[index] = createPlace();
      free.push(places[index]);
    }
  }

  /** Has it answered, by the user or not, now or later. */
  function handle(kind: number, place: Place, length: number): void {
    if (kind === KIND.transaction) {
      place.transaction.parametersLength = length;
      if (handlers.onTransaction) handlers.onTransaction(place.transaction satisfies ReceivedTransaction);
      else place.transaction.complete(-1);
    } else if (kind === KIND.message) {
      place.message.length = length;
      if (stream !== undefined) stream.take(place.message);
      else if (handlers.onMessage) handlers.onMessage(place.message satisfies ReceivedMessage);
      else place.message.complete();
    } else if (kind === KIND.probe) {
      copyRecord(place.body, 0, place.answer, 0, length);
      place.transaction.complete(0, length);
    } else {
      broke(`unknown kind ${kind}`);
    }
  }

  function handleTraced(kind: number, place: Place, length: number, { recorder, theirs }: ChannelTrace): void {
    const { id } = place;
    const start = recorder.last();
    place.traced = true;
    try {
      handle(kind, place, length);
    } finally {
      recorder.span(POINT.serve, start, theirs, id);
    }
  }

  return {
    request(kind, id, memory, offset, length) {
      const place = free.pop();
      // The ring bounds what an honest peer can send; it is the quota.
      if (place === undefined) return broke('more requests than the quota');
      copyRecord(memory, offset, place.body, 0, length);
      place.id = id;
      place.incarnation = incarnation;
      received[0]!++;
      const trace = channel?.trace;
      if (trace?.recorder.on && kind !== KIND.message) handleTraced(kind, place, length, trace);
      else handle(kind, place, length);
    },
    open(to, number) {
      replaceHeld();
      incarnation = number;
      channel = to;
    },
    close() {
      channel = undefined;
      stream?.drop();
    },
    messages() {
      stream ??= createMessageStream();
      return stream.iterate();
    },
    end: () => stream?.end(),
    counts: () => ({ received: received[0]!, held: inFlight - free.length }),
  };
}
