// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { byteRingReader, byteRingWriter } from '../../src/ring/byte-ring.ts';
import { backRing, frontRing, initRing, type RingPlace, ringBytes } from '../../src/ring/request-ring.ts';

const SIZE = 8;
const SLOT = 16;
const CANARY = 0xa5;
const GUARD = 64;

/** The indexes of spec/primitives.md 9, row 2. */
const HOSTILE = [0, 1, -1, SIZE, SIZE + 1, -SIZE, -SIZE - 1, 0x7fffffff, 0x80000000 | 0, -2];
const PAIRS = HOSTILE.flatMap((a) => HOSTILE.map((b) => [a, b] as const));
const index = fc.oneof(fc.constantFrom(...HOSTILE), fc.integer());

/** `length` bytes of shared memory from `GUARD` on, with canaries around. */
function guarded(length: number) {
  const buffer = new SharedArrayBuffer(GUARD + length + GUARD);
  const bytes = new Uint8Array(buffer);
  bytes.fill(CANARY, 0, GUARD).fill(CANARY, GUARD + length);
  const intact = (): boolean =>
    bytes.subarray(0, GUARD).every((byte) => byte === CANARY) &&
    bytes.subarray(GUARD + length).every((byte) => byte === CANARY);
  return { buffer, intact };
}

/** Attaches both ends to a ring with these indexes, lets the indexes jump, and uses all that each end allows. */
function exerciseRequestRing(start: readonly [number, number], jump: readonly [number, number]): void {
  const { buffer, intact } = guarded(ringBytes(SIZE, SLOT));
  const place: RingPlace = { buffer, base: GUARD, slots: SIZE, slotBytes: SLOT };
  initRing(place);
  const words = new Int32Array(buffer);
  const head = GUARD / 4;
  const set = ([requests, responses]: readonly [number, number]): void => {
    words[head] = requests;
    words[head + 2] = responses;
  };
  set(start);
  const ends = [frontRing(place), backRing(place)];
  set(jump);
  for (const end of ends) {
    const ready = end.ready();
    expect(ready).toBeGreaterThanOrEqual(-1);
    expect(ready).toBeLessThanOrEqual(SIZE);
    for (let taken = 0; taken < ready; taken++) words[end.consume() >> 2] = 1;
    // What the peer could lead an end to write, were it not broken.
    for (let made = 0; made < SIZE; made++) words.fill(2, ...slot(end.produce()));
    end.publish();
    end.rearm();
    expect(end.ready()).toBeLessThanOrEqual(SIZE);
  }
  expect(intact()).toBe(true);
}

function slot(offset: number): [number, number] {
  return [offset >> 2, (offset + SLOT) >> 2];
}

test('request ring: every pair of hostile indexes, at the start and later, stays in the ring and is bounded', () => {
  for (const start of PAIRS) for (const jump of PAIRS) exerciseRequestRing(start, jump);
});

test('request ring: random indexes', () => {
  fc.assert(fc.property(fc.tuple(index, index), fc.tuple(index, index), exerciseRequestRing), { numRuns: 2000 });
});

function exerciseByteRing([cons, prod]: readonly [number, number]): void {
  const { buffer, intact } = guarded(8 + SIZE);
  const words = new Int32Array(buffer);
  const place = { buffer, cons: GUARD, prod: GUARD + 4, data: GUARD + 8, size: SIZE };
  const [reader, writer] = [byteRingReader(place), byteRingWriter(place)];
  words[GUARD / 4] = cons;
  words[GUARD / 4 + 1] = prod;
  const broken = { reader: prod >>> 0 > SIZE, writer: (0 - cons) >>> 0 > SIZE };
  const target = new Uint8Array(SIZE * 3).fill(CANARY);
  const read = reader.read(target);
  expect(read).toBe(broken.reader ? -1 : prod);
  expect(target.subarray(Math.max(0, read)).every((byte) => byte === CANARY)).toBe(true);
  words[GUARD / 4] = cons;
  const written = writer.write(new Uint8Array(SIZE * 3));
  expect(written).toBe(broken.writer ? -1 : SIZE + cons);
  expect(intact()).toBe(true);
}

test('byte ring: hostile indexes break an end or are true, and never reach beyond the ring', () => {
  for (const pair of PAIRS) exerciseByteRing(pair);
  fc.assert(fc.property(fc.tuple(index, index), exerciseByteRing), { numRuns: 2000 });
});
