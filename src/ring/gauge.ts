// SPDX-License-Identifier: Apache-2.0

/**
 * What the requesting end of a ring tells an observer: behind the slots, in cache lines that nobody else writes, with plain
 * stores. Nobody decides anything by it, so a peer that lies here deceives nobody but an observer.
 */
export interface Gauge {
  readonly words: Int32Array;
  /** The same memory; milliseconds since 1970. */
  readonly times: Float64Array;
}

/** Bytes that a gauge takes: two cache lines. */
export const GAUGE_BYTES = 128;
/** Buckets of the histogram: the first counts requests of less than 1 µs, each next one twice that, the last all others. */
export const LATENCY_BUCKETS = 24;
/** Microseconds; what takes longer is in the last bucket all the same. */
const LONGEST = 2 ** 31;
/** Times: since when the request in flight that is timed waits for its answer, 0 for none; when the last such answer came. */
const WAITING_SINCE = 0;
const ANSWERED_AT = 1;
/** Words: requests that waited for a slot; the histogram. */
const WAITS = 4;
const LATENCY = 5;

/** @param at byte offset, a multiple of 8 */
export function gaugeAt(buffer: ArrayBufferLike, at: number): Gauge {
  return { words: new Int32Array(buffer, at, GAUGE_BYTES / 4), times: new Float64Array(buffer, at, GAUGE_BYTES / 8) };
}

/** Notes for observers how a ring's requests fare, at the requesting end. */
export interface RequestTimer {
  /** A request is put that is to be timed; none is now. */
  begin(): void;
  /** Its answer came. */
  end(): void;
  /** A request finds no free slot, and waits for one. */
  wait(): void;
}

export function requestTimer({ words, times }: Gauge): RequestTimer {
  const origin = performance.timeOrigin;
  return {
    begin() {
      times[WAITING_SINCE] = origin + performance.now();
    },
    end() {
      const now = origin + performance.now();
      const microseconds = (now - times[WAITING_SINCE]!) * 1000;
      const bucket = Math.min(LATENCY_BUCKETS - 1, 32 - Math.clz32(Math.min(microseconds, LONGEST)));
      words[LATENCY + bucket] = (words[LATENCY + bucket]! + 1) | 0;
      times[WAITING_SINCE] = 0;
      times[ANSWERED_AT] = now;
    },
    wait() {
      words[WAITS] = (words[WAITS]! + 1) | 0;
    },
  };
}

/** What a gauge says. Whoever has the memory may write anything: numbers are of the right type and range, no more. */
export interface GaugeReading {
  readonly waits: number;
  /** Milliseconds since 1970, never in the future; 0 for no such time. */
  readonly waitingSince: number;
  readonly answeredAt: number;
  /** Answers that were timed, by {@link LATENCY_BUCKETS}. */
  readonly latency: readonly number[];
}

export function readGauge({ words, times }: Gauge): GaugeReading {
  const now = performance.timeOrigin + performance.now();
  const count = (at: number) => words[at]! >>> 0;
  const time = (at: number) => (times[at]! > 0 ? Math.min(now, times[at]!) : 0);
  return {
    waits: count(WAITS),
    waitingSince: time(WAITING_SINCE),
    answeredAt: time(ANSWERED_AT),
    latency: Array.from({ length: LATENCY_BUCKETS }, (_, bucket) => count(LATENCY + bucket)),
  };
}
