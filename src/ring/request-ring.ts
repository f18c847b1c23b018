// SPDX-License-Identifier: Apache-2.0
import { GAUGE_BYTES, type Gauge, type GaugeReading, gaugeAt, readGauge } from './gauge.ts';

/** Bytes before the first slot: req_prod, req_event, rsp_prod, rsp_event, then padding (spec/primitives.md 5.1). */
export const RING_HEADER = 64;

const REQ_PROD = 0;
const REQ_EVENT = 1;
const RSP_PROD = 2;
const RSP_EVENT = 3;

/** Where a ring lies in shared memory. `base` and `slotBytes` are multiples of 8, `slots` is a power of two. */
export interface RingPlace {
  readonly buffer: ArrayBufferLike;
  readonly base: number;
  readonly slots: number;
  readonly slotBytes: number;
}

/** The bytes a ring of this shape takes, with its gauge. */
export function ringBytes(slots: number, slotBytes: number): number {
  return gaugeOffset(slots, slotBytes) + GAUGE_BYTES;
}

/** Where the ends of a ring tell observers what they do. */
export function gaugeOf({ buffer, base, slots, slotBytes }: RingPlace): Gauge {
  return gaugeAt(buffer, base + gaugeOffset(slots, slotBytes));
}

/** In cache lines of its own. */
function gaugeOffset(slots: number, slotBytes: number): number {
  return (RING_HEADER + slots * slotBytes + 63) & ~63;
}

/**
 * One end of a request/response ring: requests one way, responses the other way in the same slots. Offsets are byte offsets
 * of slots in the shared buffer. Nothing here allocates.
 */
export interface RingEnd {
  /** Slots that may be filled now. For the responding end: requests taken and not answered. */
  room(): number;
  /** The next slot to fill; only while there is room. The peer does not see it before `publish`. */
  produce(): number;
  /** Lets the peer see what was produced. @returns whether the peer asked to be notified */
  publish(): boolean;
  /** How many slots wait to be consumed; -1 when the peer's index is impossible: the ring is broken for good. */
  ready(): number;
  /** The next slot to consume; only while there are ready ones. The peer may change its bytes at any time. */
  consume(): number;
  /** Asks for a notification of the next slot. @returns whether something came meanwhile, so that the caller must look again */
  rearm(): boolean;
}

/** Prepares memory for a ring: indexes zero, both events one. The end that owns the memory does it before granting it. */
export function initRing(place: RingPlace): void {
  const words = new Int32Array(place.buffer, place.base, RING_HEADER / 4);
  words.fill(0);
  Atomics.store(words, REQ_EVENT, 1);
  Atomics.store(words, RSP_EVENT, 1);
}

/** The end that sends requests and takes responses. Starts at the indexes it finds, which may be any. */
export function frontRing(place: RingPlace): RingEnd {
  const { slots } = place;
  const words = new Int32Array(place.buffer, place.base, RING_HEADER / 4);
  const slotAt = slotOffsets(place);
  let produced = Atomics.load(words, REQ_PROD);
  let published = produced;
  let consumed = Atomics.load(words, RSP_PROD);
  return {
    room: () => slots - ((produced - consumed) >>> 0),
    produce() {
      const offset = slotAt(produced);
      produced = (produced + 1) | 0;
      return offset;
    },
    publish() {
      const old = published;
      published = produced;
      Atomics.store(words, REQ_PROD, published);
      return crossed(Atomics.load(words, REQ_EVENT), old, published);
    },
    ready() {
      const waiting = (Atomics.load(words, RSP_PROD) - consumed) >>> 0;
      const asked = (published - consumed) >>> 0;
      // More answers than questions is a lie, however small the number; so are more questions than slots, found at the start.
      return waiting > asked || asked > slots ? -1 : waiting;
    },
    consume() {
      const offset = slotAt(consumed);
      consumed = (consumed + 1) | 0;
      return offset;
    },
    rearm() {
      Atomics.store(words, RSP_EVENT, (consumed + 1) | 0);
      return Atomics.load(words, RSP_PROD) !== consumed;
    },
  };
}

/** The end that takes requests and sends responses. */
export function backRing(place: RingPlace): RingEnd {
  const { slots } = place;
  const words = new Int32Array(place.buffer, place.base, RING_HEADER / 4);
  const slotAt = slotOffsets(place);
  let consumed = Atomics.load(words, RSP_PROD);
  let produced = consumed;
  let published = consumed;
  return {
    room: () => (consumed - produced) >>> 0,
    produce() {
      const offset = slotAt(produced);
      produced = (produced + 1) | 0;
      return offset;
    },
    publish() {
      const old = published;
      published = produced;
      Atomics.store(words, RSP_PROD, published);
      return crossed(Atomics.load(words, RSP_EVENT), old, published);
    },
    ready() {
      const waiting = (Atomics.load(words, REQ_PROD) - consumed) >>> 0;
      // Counted from what was consumed, so that an index that goes back is a lie too.
      return waiting > slots - ((consumed - produced) >>> 0) ? -1 : waiting;
    },
    consume() {
      const offset = slotAt(consumed);
      consumed = (consumed + 1) | 0;
      return offset;
    },
    rearm() {
      Atomics.store(words, REQ_EVENT, (consumed + 1) | 0);
      return Atomics.load(words, REQ_PROD) !== consumed;
    },
  };
}

/** A ring as an observer finds it; indexes are unsigned. */
export interface RingReading extends GaugeReading {
  readonly reqProd: number;
  readonly reqCons: number;
  readonly rspProd: number;
  readonly rspCons: number;
}

/**
 * A look at a ring from outside, for `xm top`: it costs the two ends nothing. What an end has consumed is its own affair; it is
 * told from where it asked for a notification last, so of an end in the midst of a batch it may be too little by that.
 */
export function inspectRing(place: RingPlace): RingReading {
  const words = new Int32Array(place.buffer, place.base, RING_HEADER / 4);
  const [reqProd, reqEvent, rspProd, rspEvent] = [REQ_PROD, REQ_EVENT, RSP_PROD, RSP_EVENT].map(
    (word) => Atomics.load(words, word) >>> 0,
  ) as [number, number, number, number];
  const asked = (reqEvent - 1) >>> 0;
  // What is answered was consumed.
  const reqCons = ((rspProd - asked) | 0) > 0 ? rspProd : asked;
  return { reqProd, reqCons, rspProd, rspCons: (rspEvent - 1) >>> 0, ...readGauge(gaugeOf(place)) };
}

/** Byte offsets of slots in the shared buffer, by any index. */
export function slotOffsets({ base, slots, slotBytes }: RingPlace): (index: number) => number {
  const mask = slots - 1;
  const first = base + RING_HEADER;
  return (index) => first + (index & mask) * slotBytes;
}

/** Whether the peer's event index lies in (old, now]. */
function crossed(event: number, old: number, now: number): boolean {
  return (now - event) >>> 0 < (now - old) >>> 0;
}
