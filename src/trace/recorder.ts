// SPDX-License-Identifier: Apache-2.0
import { commonClock } from './clock.ts';
import { createTraceMemory, placeOf, RECORD, ROUNDS, STOPPED, type TraceMemory, viewsOf, WRITTEN } from './memory.ts';
import { POINT } from './points.ts';

/**
 * Where a domain's thread records what it does, while somebody wants to know. Nothing here allocates. Who records asks `on`
 * first: `if (recorder.on) recorder.mark(POINT.notify, port)`.
 *
 * It takes at most a part of the thread's time: where more happens than can be recorded in that, it pauses.
 */
export interface Recorder {
  /** Whether to record: somebody wants to know, and it does not pause. */
  readonly on: boolean;
  /** The time, as {@link Recorder.span} wants it. */
  now(): number;
  /**
   * When the clock was last read here: for what is done in a row, where each begins as the one before ends. Reading the clock costs
   * more than all else of a record. Who works through a row calls `now` before the first.
   */
  last(): number;
  /** Something begins or happens. The words are those of the point's row in `points.ts`. */
  mark(point: number, a?: number, b?: number, c?: number): void;
  /** Something ends that began at `start`. */
  span(point: number, start: number, a?: number, b?: number): void;
  /** The same as `mark` with a text behind the first two words: ASCII, and what does not fit is left out. */
  text(point: number, a: number, b: number, text: string): void;
}

/** With what switches it. */
export interface SwitchedRecorder extends Recorder {
  /** Records there from now on; nowhere if it is undefined. */
  record(to: TraceMemory | undefined): void;
}

/** Microseconds that a record takes, with looking at the clock: on a fast machine less. */
const COST = 0.06;
/** Part of its time that a thread records. Two that wait for each other both do. */
const SHARE = 0.038;
/** Records that are paid for at a time; a power of two. */
const SETTLED = 64;
/** Microseconds of recording that are saved up: what happens all at once is recorded whole. */
const RESERVE = 250;
/** Microseconds after which threads go on, all at the same moment, so that both ends of what they then do are there. */
const PERIOD = 10_000;
// Taken before any kernel runs, and replaces it.
const { setTimeout } = globalThis;

const NOWHERE = viewsOf(createTraceMemory(0));
const OWN_WORDS = RECORD.words - RECORD.own;
/**
 * Whether others see what a thread stores in the order in which it does: then the count needs no atomic store, which costs more
 * than all the others of a record.
 */
const STORES_IN_ORDER = process.arch === 'x64';
/** Characters of a text that are kept: enough for each control message of the system. */
const TEXT_LENGTH = 40;

/** Makes one that is off. @param makeClock of its thread: microseconds, the same in all threads */
export function createRecorder(makeClock = commonClock): SwitchedRecorder {
  let { words, floats, times, records } = NOWHERE;
  let written = 0;
  let clock = (): number => 0;
  const reading = new Float64Array(1);
  /** Microseconds of recording that are left, and when that was. */
  const budget = new Float64Array(2);
  const now = (): number => {
    reading[0] = clock();
    return reading[0];
  };

  /** Pays for the records since the last time. */
  function settle(): void {
    if (written === 0) Atomics.add(words, ROUNDS, 1);
    const time = reading[0]!;
    const left = Math.min(RESERVE, budget[0]! + (time - budget[1]!) * SHARE) - SETTLED * COST;
    budget[0] = left;
    budget[1] = time;
    if (left < 0 && recorder.on) pause(time);
  }

  function pause(time: number): void {
    const during = words;
    const resume = (): void => {
      if (during !== words) return;
      recorder.on = true;
      recorder.mark(POINT.resumed);
    };
    recorder.on = false;
    recorder.mark(POINT.paused);
    setTimeout(resume, (PERIOD - (time % PERIOD)) / 1000).unref();
  }

  /** @returns the first word that is the point's own */
  function begin(point: number, start: number, took: number): number {
    // No atomic read, which costs more than the record: whoever stops need not be seen by the very next one.
    if (words[STOPPED] !== 0) recorder.record(undefined);
    const place = placeOf(written, records);
    times[place >> 1] = start;
    floats[place + RECORD.took] = took;
    words[place + RECORD.point] = point;
    return place + RECORD.own;
  }

  function end(): void {
    written = (written + 1) | 0;
    if (STORES_IN_ORDER) words[WRITTEN] = written;
    else Atomics.store(words, WRITTEN, written);
    if ((written & (SETTLED - 1)) === 0) settle();
  }

  const recorder = {
    // No accessor: it is asked at each message.
    on: false,
    now,
    last: () => reading[0]!,
    mark(point: number, a = 0, b = 0, c = 0) {
      const own = begin(point, now(), 0);
      words[own] = a;
      words[own + 1] = b;
      words[own + 2] = c;
      end();
    },
    span(point: number, start: number, a = 0, b = 0) {
      const own = begin(point, start, now() - start);
      words[own] = a;
      words[own + 1] = b;
      end();
    },
    text(point: number, a: number, b: number, text: string) {
      const length = Math.min(TEXT_LENGTH, text.length);
      let own = begin(point, now(), 0);
      words[own] = a;
      words[own + 1] = b;
      let used = 2;
      for (let at = 0; at < length; at += 4) {
        if (used === OWN_WORDS) {
          end();
          own = begin(POINT.more, 0, 0);
          used = 0;
        }
        words[own + used++] = fourOf(text, at, length);
      }
      while (used < OWN_WORDS) words[own + used++] = 0;
      end();
    },
    record(to: TraceMemory | undefined) {
      ({ words, floats, times, records } = to === undefined ? NOWHERE : viewsOf(to));
      recorder.on = to !== undefined;
      if (to === undefined) return;
      written = Atomics.load(words, WRITTEN);
      clock = makeClock();
      budget[0] = RESERVE;
      budget[1] = now();
    },
  };
  return recorder;
}

/** Four characters of a text in a word, zeros behind its end. */
function fourOf(text: string, at: number, length: number): number {
  let word = 0;
  for (let index = 0; index < 4; index++) {
    const code = at + index < length ? text.charCodeAt(at + index) & 0x7f : 0;
    word |= code << (8 * index);
  }
  return word;
}
