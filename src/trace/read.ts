// SPDX-License-Identifier: Apache-2.0
import { MEANWHILE, placeOf, RECORD, ROUNDS, type TraceMemory, viewsOf, WRITTEN } from './memory.ts';
import { POINT_LIST, TEXT, TRACE_POINTS, type TracePoint } from './points.ts';

/** One record. Times are in microseconds. */
export interface TraceRecord {
  readonly point: TracePoint;
  readonly start: number;
  readonly took: number;
  /** As many as the point's row names, the text left out. */
  readonly words: readonly number[];
  /** Empty where the row has none. */
  readonly text: string;
}

/** What one domain recorded, in the order of writing, and how many records before that are lost. */
export interface TraceRecords {
  readonly records: readonly TraceRecord[];
  readonly dropped: number;
}

/** Whoever may write there may write anything; up to here counts are exact. */
const MOST_ROUNDS = 2 ** 20 - 1;

/** A copy of what is used of the memory, for {@link readTrace}. Whoever writes goes on meanwhile, and the copy says how far. */
export function copyTrace(memory: TraceMemory): Uint8Array<ArrayBuffer> {
  const { words, records } = viewsOf(memory);
  const before = Atomics.load(words, WRITTEN) >>> 0;
  const full = before >= records || Atomics.load(words, ROUNDS) > 0;
  const copy = new Uint8Array(full ? memory.byteLength : placeOf(before, records) * 4);
  copy.set(new Uint8Array(memory, 0, copy.length));
  const header = new Int32Array(copy.buffer);
  header[WRITTEN] = before;
  header[MEANWHILE] = Atomics.load(words, WRITTEN) - before;
  return copy;
}

/**
 * Reads such a copy.
 *
 * @param records that the memory has room for
 */
export function readTrace(copy: Uint8Array, records: number): TraceRecords {
  // In a buffer of its own, as words may not begin anywhere.
  const { words, floats, times } = viewsOf(Uint8Array.from(copy).buffer);
  const written = ((words[ROUNDS] ?? 0) & MOST_ROUNDS) * 2 ** 32 + ((words[WRITTEN] ?? 0) >>> 0);
  // One more than were finished meanwhile: one may have been begun.
  const first = Math.max(0, written - records + ((words[MEANWHILE] ?? 0) >>> 0) + 1);
  const found: TraceRecord[] = [];
  let continuations = 0;
  for (let index = first; index < written; index++) {
    const place = placeOf(index, records);
    const point = POINT_LIST[words[place + RECORD.point] ?? -1];
    const start = times[place >> 1] ?? Number.NaN;
    const took = floats[place + RECORD.took] ?? Number.NaN;
    if (point === undefined || !Number.isFinite(start + took)) continue;
    const own = words.subarray(place + RECORD.own, place + RECORD.words);
    const count = point.words.filter((name) => name !== TEXT).length;
    const text = count === point.words.length ? '' : textOf(own.subarray(count));
    const head = found.at(-1);
    if (point !== TRACE_POINTS.more) found.push({ point, start, took, words: [...own.subarray(0, count)], text });
    else if (head?.text) {
      found[found.length - 1] = { ...head, text: head.text + text };
      continuations++;
    }
  }
  return { records: found, dropped: written - found.length - continuations };
}

function textOf(words: Int32Array): string {
  const codes = [...words].flatMap((word) => [0, 8, 16, 24].map((shift) => (word >>> shift) & 0x7f));
  return String.fromCharCode(...codes.filter((code) => code > 0));
}
