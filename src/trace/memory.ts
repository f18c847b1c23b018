// SPDX-License-Identifier: Apache-2.0

/**
 * Memory for what one domain records: its thread alone writes, anybody reads. A header tells how many records were ever written,
 * then come the records; the next one takes the place of the oldest.
 */
export type TraceMemory = SharedArrayBuffer;

/** Words of the header that count the records written, modulo 2^32, and how often that went round. */
export const WRITTEN = 0;
export const ROUNDS = 1;
/** Word of a copy's header: records that were written while it was made. */
export const MEANWHILE = 2;
/** Not 0 when nothing is to be recorded there any more, which its thread sees here before it is told. */
export const STOPPED = 3;
/** As a cache line, so that none of the records lies in two. */
const HEADER_BYTES = 64;

/**
 * Words of a record: a double for when it began and a float for how long it took, both in microseconds; its point; its own words.
 * They are few, so that a record touches half a cache line; what does not fit, as a text, goes on in the next one.
 */
export const RECORD = { start: 0, took: 2, point: 3, own: 4, words: 8 } as const;
const RECORD_BYTES = RECORD.words * 4;

/** Room for so many records, which is a power of two. */
export function createTraceMemory(records: number): TraceMemory {
  return new SharedArrayBuffer(HEADER_BYTES + records * RECORD_BYTES);
}

/** Has nothing recorded there from now on, however long its thread takes to hear of it. What is there stays. */
export function stopTrace(memory: TraceMemory): void {
  Atomics.store(viewsOf(memory).words, STOPPED, 1);
}

/** Views of it. */
export function viewsOf(memory: ArrayBufferLike) {
  return {
    records: (memory.byteLength - HEADER_BYTES) / RECORD_BYTES,
    words: new Int32Array(memory),
    floats: new Float32Array(memory),
    times: new Float64Array(memory),
  };
}

/** The first word of a record, of which there are a power of two. */
export function placeOf(index: number, records: number): number {
  return HEADER_BYTES / 4 + (index & (records - 1)) * RECORD.words;
}
