// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { byteRingReader, byteRingWriter } from '../../../src/ring/byte-ring.ts';

const SIZE = 16;
const STARTS = [0, 5, SIZE - 1, 0x7fffffff, -1, -SIZE, 0x80000000 | 0];

function ringAt(start: number) {
  const buffer = new SharedArrayBuffer(8 + SIZE);
  const words = new Int32Array(buffer);
  words[0] = words[1] = start;
  const place = { buffer, cons: 0, prod: 4, data: 8, size: SIZE };
  return { words, writer: byteRingWriter(place), reader: byteRingReader(place) };
}

test.each(STARTS)('from %i: full is full, empty is empty, and bytes stay in order', (start) => {
  const { writer, reader } = ringAt(start);
  const target = new Uint8Array(SIZE + 4);
  for (let lap = 0; lap < 5; lap++) {
    expect([writer.room(), reader.ready(), reader.read(target)]).toEqual([SIZE, 0, 0]);
    const bytes = Uint8Array.from({ length: SIZE + 3 }, (_, index) => lap * 20 + index);
    expect(writer.write(bytes)).toBe(SIZE);
    expect([writer.room(), writer.write(bytes), reader.ready()]).toEqual([0, 0, SIZE]);
    expect(reader.read(target.subarray(0, 5))).toBe(5);
    expect(writer.write(bytes.subarray(SIZE))).toBe(3);
    expect(reader.read(target.subarray(5))).toBe(14);
    expect([...target.subarray(0, SIZE + 3)]).toEqual([...bytes]);
  }
});

test('behaves like a queue of bytes in any order of steps', () => {
  const step = fc.oneof(
    fc.record({ write: fc.uint8Array({ maxLength: SIZE + 4 }), beyond: fc.nat(4) }),
    fc.record({ read: fc.nat(SIZE + 4) }),
    // Not after each step: a look at the room is what the writer remembers.
    fc.constant('look' as const),
  );
  fc.assert(
    fc.property(fc.integer(), fc.array(step, { maxLength: 100 }), (start, steps) => {
      const { writer, reader } = ringAt(start);
      const queue: number[] = [];
      for (const one of steps) {
        if (one === 'look') {
          expect([reader.ready(), writer.room()]).toEqual([queue.length, SIZE - queue.length]);
        } else if ('write' in one) {
          const length = one.write.length;
          const fits = Math.min(length, SIZE - queue.length);
          expect(writer.write(Buffer.concat([one.write, Buffer.alloc(one.beyond, 0xee)]), length)).toBe(fits);
          queue.push(...one.write.subarray(0, fits));
        } else {
          const target = new Uint8Array(one.read);
          const there = Math.min(one.read, queue.length);
          expect(reader.read(target)).toBe(there);
          expect([...target.subarray(0, there)]).toEqual(queue.splice(0, there));
        }
      }
      expect([reader.ready(), writer.room()]).toEqual([queue.length, SIZE - queue.length]);
    }),
  );
});

test('an impossible index breaks either end, which then moves nothing', () => {
  const { writer, reader, words } = ringAt(7);
  writer.write(new Uint8Array(3));
  for (const lie of [6, 7 + SIZE + 1, 0x7fffffff, -1]) {
    words[1] = lie;
    expect([reader.ready(), reader.read(new Uint8Array(8))]).toEqual([-1, -1]);
  }
  expect([words[0], words[1]]).toEqual([7, -1]);
  words[1] = 10;
  for (const lie of [11, 10 - SIZE - 1, 0x7fffffff]) {
    words[0] = lie;
    expect([writer.room(), writer.write(new Uint8Array(8))]).toEqual([-1, -1]);
  }
  expect([words[0], words[1]]).toEqual([0x7fffffff, 10]);
});

test('the writer fills the room that it saw last, and only then sees what the reader says now', () => {
  const { writer, words } = ringAt(7);
  expect(writer.write(new Uint8Array(3))).toBe(3);
  words[0] = 0x7fffffff;
  expect([writer.write(new Uint8Array(13)), writer.write(new Uint8Array(1)), writer.write(new Uint8Array(1))]).toEqual([
    13, -1, -1,
  ]);
  words[0] = 10;
  expect([writer.write(new Uint8Array(9)), words[1]]).toEqual([3, 26]);
});
