// SPDX-License-Identifier: Apache-2.0
import { byteRingReader, byteRingWriter } from '../ring/byte-ring.ts';
import type { Store } from './contract.ts';
import { createLaneMemory, LANE_RING_BYTES, laneIn, mustWake, STATE } from './lane.ts';
import { keepLooking, type Looked } from './lane-polling.ts';
import { createPatience } from './patience.ts';
import { createWireSession, type WireTransport } from './wire-session.ts';

/** A domain's lane at the store's end. */
export interface ServedLane {
  /** What the domain's end is made of. */
  readonly memory: SharedArrayBuffer;
  /** The domain says that it sent something, or took something out of a full ring. Nothing in the memory can make it throw. */
  kick(): void;
  close(): void;
}

const NO_BYTES: Buffer = Buffer.alloc(0);

/**
 * Serves a domain over a lane. The domain may change its memory at any time: bytes are copied out before they are looked at,
 * and our own indexes are kept here. One look takes at most a ring of requests, and the event loop has its turn between two.
 *
 * @param wake sends the domain a message: quicker than to wake it through memory
 * @param closed called when the connection is over: the domain is gone, or an index or a message makes no sense
 * @throws StoreError ENOENT for an unknown domain
 */
export function serveLane(store: Store, domid: number, wake: () => void, closed: () => void): ServedLane {
  const memory = createLaneMemory();
  const { words, server, client, ...rings } = laneIn(memory);
  const requests = byteRingReader(rings.requests);
  const replies = byteRingWriter(rings.replies);
  const scratch = Buffer.alloc(LANE_RING_BYTES);
  const patience = createPatience();
  /** Replies and events that do not fit into the ring yet. */
  let backlog = NO_BYTES;
  let paused = false;
  let ended = false;
  /** The domain gets at most as many messages as it sends: its sleep is announced in memory, as often as it likes. */
  let mayPost = false;

  const transport: WireTransport = {
    prompt: true,
    send(bytes, length) {
      const sent = backlog.length === 0 ? put(bytes, length) : 0;
      if (sent === length) return;
      backlog = Buffer.concat([backlog, bytes.subarray(sent, length)]);
      // Who sleeps is told when there is room.
      keepLooking(look);
    },
    get backlog() {
      return backlog.length;
    },
    pause() {
      paused = true;
    },
    resume() {
      paused = false;
      keepLooking(look);
    },
    lost: fail,
    closed: fail,
  };
  const session = createWireSession(store, domid, transport);

  function close(): void {
    ended = true;
    session.close();
  }

  function fail(): void {
    close();
    closed();
  }

  function wakeClient(): void {
    if (!mustWake(words, client, STATE.asleep)) return;
    if (mayPost) wake();
    else Atomics.notify(words, client);
    mayPost = false;
  }

  /** @returns how many of the bytes are in the ring */
  function put(bytes: Buffer, length: number): number {
    const count = replies.write(bytes, length);
    if (count < 0) fail();
    if (count > 0) wakeClient();
    return Math.max(0, count);
  }

  /** Copies out as much of the backlog as fits. @returns whether anything did */
  function flush(): boolean {
    if (backlog.length === 0) return false;
    const count = put(backlog, backlog.length);
    backlog = backlog.subarray(count);
    return count > 0;
  }

  function receive(): boolean {
    const count = paused ? 0 : requests.read(scratch);
    if (count < 0) fail();
    if (count <= 0) return false;
    if (mustWake(words, client, STATE.full)) Atomics.notify(words, client);
    session.receive(scratch, count);
    return true;
  }

  /** @returns whether there was anything to do */
  function serve(): boolean {
    const flushed = flush();
    if (flushed && backlog.length === 0) session.drained();
    return (!ended && receive()) || flushed;
  }

  const hasWork = () => (!paused && requests.ready() !== 0) || (backlog.length > 0 && replies.room() !== 0);

  function look(): Looked {
    if (ended) return 'sleep';
    if (serve()) {
      patience.found();
      return 'work';
    }
    if (patience.lasts()) return 'nothing';
    Atomics.store(words, server, backlog.length > 0 ? STATE.full : STATE.asleep);
    if (!hasWork()) {
      patience.sleep();
      return 'sleep';
    }
    Atomics.store(words, server, STATE.awake);
    return 'nothing';
  }

  keepLooking(look);
  return {
    memory,
    kick() {
      mayPost = true;
      keepLooking(look);
    },
    close,
  };
}
