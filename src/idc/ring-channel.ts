// SPDX-License-Identifier: Apache-2.0
import { requestTimer } from '../ring/gauge.ts';
import { backRing, frontRing, gaugeOf, type RingEnd } from '../ring/request-ring.ts';
import { channelTrace } from '../trace/channel.ts';
import { POINT } from '../trace/points.ts';
import type { Recorder } from '../trace/recorder.ts';
import type { Channel, ChannelSink, Quotas, WordBuffer } from './contract.ts';
import { copyRecord, recordOf } from './copy.ts';
import { createDeliveryLoop } from './deliveries.ts';
import { connectionOf, layoutOf, type Side, SLOT_HEADER } from './layout.ts';

/** Memory that both ends see, as one of them sees it. */
export interface SharedMemory {
  readonly control: ArrayBufferLike;
  readonly quotas: Quotas;
  readonly side: Side;
}

/** How a ring channel reaches its peer and is reached. */
export interface Doorbell {
  /** Tells the peer to look. */
  notify(): void;
  /** Calls `look` when the peer rang, until given undefined. */
  listen(look: (() => void) | undefined): void;
  /** Whether the peer is still at the other end. */
  isBound(): boolean;
  /** Blocks the thread until the peer rings or is gone, or for `timeout` milliseconds. */
  wait(timeout: number): void;
}

/**
 * Entries taken from one ring before the other ring gets its turn, so that a flood of requests does not hold answers back, and
 * before what handlers put is published, so that the peer works on it meanwhile.
 */
const BATCH = 64;

/**
 * Times that an end publishes requests between two of which it times one: the clock takes as long as a third of a request. An end
 * that was woken has lost more than that, and times what it publishes next.
 */
const UNTIMED = 15;

/**
 * A channel over memory that both ends map and a doorbell: an event channel between domains, a task within one. Each end has
 * a ring for its requests, in whose slots the answers come back.
 *
 * @param recorder of the domain, which sees what its end does
 * @throws RangeError when the peer's memory is too small for the quotas
 */
export function createRingChannel(
  { quotas, control, side }: SharedMemory,
  bell: Doorbell,
  recorder?: Recorder,
): Channel {
  const layout = layoutOf(quotas);
  if (control.byteLength < layout.controlBytes) {
    throw new RangeError(`${layout.controlBytes} bytes of control area are needed`);
  }
  const shared = recordOf(control);
  const mine = frontRing(layout.ring(control, side));
  const theirs = backRing(layout.ring(control, side === 'front' ? 'back' : 'front'));
  const timer = requestTimer(gaugeOf(layout.ring(control, side)));
  const { words } = shared;
  const trace = recorder && channelTrace(recorder, connectionOf(control), side);
  const loop = createDeliveryLoop({
    drain: () => sink !== undefined && drain(mine, deliverReply) && drain(theirs, deliverRequest),
    settle: () => sink?.delivered(),
    more: () => mine.rearm() || theirs.rearm(),
  });
  let sink: ChannelSink | undefined;
  let closed = false;
  let dirty = 0;
  let drains = 0;
  /** How often requests are published until one is timed; negative while one is. */
  let untimed = 0;
  /** Ids as small integers, which take no memory of their own: of that one, and of the last that was put. */
  let timed = 0;
  let last = 0;

  /** @returns the slot's first word */
  function put(ring: RingEnd, head: number, id: number, body: WordBuffer, length: number): number {
    const at = ring.produce();
    const word = at >> 2;
    words[word] = head;
    words[word + 1] = id;
    words[word + 2] = length;
    copyRecord(body, 0, shared, at + SLOT_HEADER, length);
    return word;
  }

  function timeLast(): void {
    timed = last;
    timer.begin();
  }

  function endTiming(): void {
    untimed = UNTIMED;
    timer.end();
  }

  function publish(): void {
    let ring = false;
    if (dirty & 1) {
      if (untimed-- === 0) timeLast();
      ring = mine.publish();
    }
    if (dirty & 2) ring = theirs.publish() || ring;
    dirty = 0;
    if (ring) bell.notify();
  }

  function broken(reason: string): void {
    const to = sink;
    close();
    to?.broken(reason);
  }

  /** Delivers up to a batch from one ring. @returns false when the channel was closed or broken meanwhile */
  function drain(ring: RingEnd, deliver: (to: ChannelSink, at: number) => boolean): boolean {
    const count = ring.ready();
    // A handler that polls drains in our midst: what we counted may be consumed then.
    const number = ++drains;
    if (count < 0) broken('impossible ring index');
    const start = count > 0 && trace?.recorder.on ? trace.recorder.now() : 0;
    let taken = 0;
    for (; taken < count && taken < BATCH && number === drains && sink !== undefined; taken++) {
      if (!deliver(sink, ring.consume())) broken('record longer than its slot');
    }
    if (start > 0) trace?.recorder.span(POINT.drain, start, ring === mine ? trace.mine : trace.theirs, taken);
    return sink !== undefined;
  }

  function deliverReply(to: ChannelSink, at: number): boolean {
    const word = at >> 2;
    const length = words[word + 2]! >>> 0;
    if (length > quotas.bodyBytes) return false;
    if (untimed < 0 && words[word + 1]! === timed) endTiming();
    to.reply(words[word + 1]! >>> 0, words[word]!, shared, at + SLOT_HEADER, length);
    return true;
  }

  function deliverRequest(to: ChannelSink, at: number): boolean {
    const word = at >> 2;
    const length = words[word + 2]! >>> 0;
    if (length > quotas.bodyBytes) return false;
    to.request(words[word]!, words[word + 1]! >>> 0, shared, at + SLOT_HEADER, length);
    return true;
  }

  function close(): void {
    if (closed) return;
    closed = true;
    // What was answered is answered, even when the handler that did it ends the connection.
    dirty &= 2;
    publish();
    sink = undefined;
    bell.listen(undefined);
  }

  return {
    quotas,
    trace,
    open(to) {
      if (closed) throw new Error('the channel is closed');
      sink = to;
      bell.listen(() => {
        if (untimed > 0) untimed = 0;
        loop.look();
      });
    },
    putRequest(kind, id, body, length) {
      last = id | 0;
      words[put(mine, kind, id, body, length) + 3] = id;
      dirty |= 1;
    },
    putReply(id, error, body, length) {
      put(theirs, error, id, body, length);
      dirty |= 2;
    },
    flush() {
      if (!loop.delivering && !closed) publish();
    },
    noteWait: timer.wait,
    poll: loop.look,
    alive: () => !closed && bell.isBound(),
    wait: bell.wait,
    close,
  };
}
