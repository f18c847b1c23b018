// SPDX-License-Identifier: Apache-2.0
import { backRing, frontRing, type RingEnd } from '../ring/request-ring.ts';
import type { Channel, ChannelSink, WordBuffer } from './contract.ts';
import { copyRecord, recordOf } from './copy.ts';
import { layoutOf, SLOT_HEADER } from './layout.ts';
import { createSharedBuffers, type SharedMemory } from './shared-buffers.ts';

/** How a ring channel reaches its peer and is reached. */
export interface Doorbell {
  /** Tells the peer to look. */
  notify(): void;
  /** Calls `look` when the peer rang, until given undefined. */
  listen(look: (() => void) | undefined): void;
}

/** Entries handled for one ring of the bell before others get a turn, so that a flood does not own the thread. */
const BATCH = 256;
/** Batches handled before the event loop gets a turn. */
const ROUNDS = 16;

/**
 * A channel over memory that both ends map and a doorbell: an event channel between domains, a microtask within one. Each
 * end has a ring for its requests, in whose slots the answers come back.
 */
export function createRingChannel(memory: SharedMemory, bell: Doorbell): Channel {
  const { quotas, control, side } = memory;
  const layout = layoutOf(quotas);
  const shared = recordOf(control);
  const mine = frontRing(layout.ring(control, side));
  const theirs = backRing(layout.ring(control, side === 'front' ? 'back' : 'front'));
  const buffers = createSharedBuffers(memory);
  const { words } = shared;
  let sink: ChannelSink | undefined;
  let dirty = 0;
  let delivering = false;

  function put(ring: RingEnd, head: number, id: number, body: WordBuffer, length: number): void {
    const at = ring.produce();
    const word = at >> 2;
    words[word] = head;
    words[word + 1] = id;
    words[word + 2] = length;
    copyRecord(body, 0, shared, at + SLOT_HEADER, length);
  }

  function flush(): void {
    if (delivering) return;
    let ring = false;
    if (dirty & 1) ring = mine.publish();
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
    if (count < 0) broken('impossible ring index');
    for (let taken = 0; taken < count && taken < BATCH && sink !== undefined; taken++) {
      if (!deliver(sink, ring.consume())) broken('record longer than its slot');
    }
    return sink !== undefined;
  }

  function deliverReply(to: ChannelSink, at: number): boolean {
    const word = at >> 2;
    const length = words[word + 2]! >>> 0;
    if (length > quotas.bodyBytes) return false;
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

  function deliverBoth(): boolean {
    delivering = true;
    try {
      return drain(mine, deliverReply) && drain(theirs, deliverRequest);
    } finally {
      delivering = false;
    }
  }

  function look(): void {
    for (let round = 0; sink !== undefined; round++) {
      if (!deliverBoth()) return;
      flush();
      const more = mine.rearm() || theirs.rearm();
      if (!more) return;
      if (round === ROUNDS) {
        setImmediate(look);
        return;
      }
    }
  }

  function close(): void {
    if (sink === undefined) return;
    sink = undefined;
    bell.listen(undefined);
    buffers.close();
  }

  return {
    quotas,
    buffers,
    open(to) {
      sink = to;
      bell.listen(look);
    },
    putRequest(kind, id, body, length) {
      put(mine, kind, id, body, length);
      dirty |= 1;
    },
    putReply(id, error, body, length) {
      put(theirs, error, id, body, length);
      dirty |= 2;
    },
    flush,
    poll: look,
    close,
  };
}
