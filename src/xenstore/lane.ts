// SPDX-License-Identifier: Apache-2.0
import type { ByteRingPlace } from '../ring/byte-ring.ts';

/*
 * A lane: memory that a domain's thread and the store's share, with a ring of requests and one of replies and events, in the
 * bytes of the wire protocol. Both ends look at it for a while before they sleep, so that who asks again soon wakes nobody.
 */

/** Bytes of each ring. */
export const LANE_RING_BYTES = 4096;

/** Words of a lane, each on a cache line of its own. */
const WORD = { reqCons: 0, reqProd: 16, rspCons: 32, rspProd: 48, server: 64, client: 80 } as const;
const DATA = 96 * 4;

/** Values of {@link Lane}'s states. */
export const STATE = {
  /** Looks at the lane by itself. */
  awake: 0,
  /** Has to be told of bytes. */
  asleep: 1,
  /** Has to be told of bytes, and of room too. */
  full: 2,
} as const;

/** Where the parts of a lane lie. */
export interface Lane {
  readonly words: Int32Array;
  readonly requests: ByteRingPlace;
  readonly replies: ByteRingPlace;
  /** Indexes of the words that hold the state of each end. */
  readonly server: number;
  readonly client: number;
}

/** Memory for a lane, of zeroes: both rings empty, both ends awake. */
export const createLaneMemory = (): SharedArrayBuffer => new SharedArrayBuffer(DATA + 2 * LANE_RING_BYTES);

/** The lane in such memory. */
export function laneIn(buffer: SharedArrayBuffer): Lane {
  const ring = (data: number, cons: number, prod: number): ByteRingPlace => ({
    buffer,
    data,
    size: LANE_RING_BYTES,
    cons: cons * 4,
    prod: prod * 4,
  });
  return {
    words: new Int32Array(buffer),
    requests: ring(DATA, WORD.reqCons, WORD.reqProd),
    replies: ring(DATA + LANE_RING_BYTES, WORD.rspCons, WORD.rspProd),
    server: WORD.server,
    client: WORD.client,
  };
}

/**
 * Claims the waking of an end that sleeps, for one caller of many.
 * @param least the least state that needs it
 */
export function mustWake(words: Int32Array, end: number, least: number): boolean {
  return Atomics.load(words, end) >= least && Atomics.exchange(words, end, STATE.awake) !== STATE.awake;
}
