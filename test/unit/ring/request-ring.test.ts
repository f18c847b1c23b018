// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  backRing,
  frontRing,
  initRing,
  inspectRing,
  RING_HEADER,
  type RingPlace,
  ringBytes,
} from '../../../src/ring/request-ring.ts';

const SLOTS = 4;
const [REQ_PROD, REQ_EVENT, RSP_PROD, RSP_EVENT] = [0, 1, 2, 3];

/** A ring whose indexes all start at `start`, and its words. */
function ringAt(start = 0, slots = SLOTS, slotBytes = 8) {
  const place: RingPlace = {
    buffer: new SharedArrayBuffer(8 + ringBytes(slots, slotBytes)),
    base: 8,
    slots,
    slotBytes,
  };
  initRing(place);
  const words = new Int32Array(place.buffer, place.base);
  words[REQ_PROD] = words[RSP_PROD] = start;
  words[REQ_EVENT] = words[RSP_EVENT] = start + 1;
  return { words, front: frontRing(place), back: backRing(place), place };
}

/** Around zero, around the sign, around the wrap. */
const STARTS = [0, 1, 3, 0x7fffffff, 0x80000000 | 0, -1, -3, -4];

describe('from any start', () => {
  test.each(STARTS)(
    '%i: slots come in turn, within the ring, and answers take the slots of their requests',
    (start) => {
      const { front, back, place } = ringAt(start);
      for (let lap = 0; lap < 3; lap++) {
        const asked = [];
        for (let slot = 0; slot < SLOTS; slot++) {
          expect(front.room()).toBe(SLOTS - slot);
          asked.push(front.produce());
        }
        expect(front.room()).toBe(0);
        expect(back.ready()).toBe(0);
        front.publish();
        expect(back.ready()).toBe(SLOTS);
        expect(Array.from({ length: SLOTS }, () => back.consume())).toEqual(asked);
        expect([back.ready(), back.room()]).toEqual([0, SLOTS]);
        expect(Array.from({ length: SLOTS }, () => back.produce())).toEqual(asked);
        expect([back.room(), front.ready()]).toEqual([0, 0]);
        back.publish();
        expect(front.ready()).toBe(SLOTS);
        expect(Array.from({ length: SLOTS }, () => front.consume())).toEqual(asked);
        expect(new Set(asked)).toEqual(new Set([0, 1, 2, 3].map((slot) => place.base + RING_HEADER + slot * 8)));
      }
    },
  );

  test.each(STARTS)('%i: the peer is told when it asked for what comes next, and only then', (start) => {
    const { front, back } = ringAt(start);
    const ask = (): boolean => {
      front.produce();
      return front.publish();
    };
    expect([ask(), ask(), ask()]).toEqual([true, false, false]);
    back.consume();
    expect(back.rearm()).toBe(true);
    expect(ask()).toBe(false);
    for (let taken = 0; taken < 3; taken++) back.consume();
    expect(back.rearm()).toBe(false);
    for (let slot = 0; slot < SLOTS; slot++) back.produce();
    expect(back.publish()).toBe(true);
    for (let slot = 0; slot < SLOTS; slot++) front.consume();
    expect(front.rearm()).toBe(false);
    front.produce();
    front.produce();
    expect(front.publish()).toBe(true);
    back.consume();
    back.produce();
    expect(back.publish()).toBe(true);
    back.consume();
    back.produce();
    expect(back.publish()).toBe(false);
  });
});

test('an event asked for in the midst of a batch is noticed', () => {
  const { front, words } = ringAt();
  words[REQ_EVENT] = 3;
  front.produce();
  front.produce();
  expect(front.publish()).toBe(false);
  front.produce();
  front.produce();
  expect(front.publish()).toBe(true);
});

test('an end takes up a ring in the midst of its work: the unanswered is asked again', () => {
  const { front, back, place } = ringAt();
  for (let slot = 0; slot < 3; slot++) front.produce();
  front.publish();
  back.consume();
  back.consume();
  back.produce();
  back.publish();
  expect(backRing(place).ready()).toBe(2);
  expect(frontRing(place).room()).toBe(2);
  expect(inspectRing(place)).toMatchObject({ reqProd: 3, reqCons: 1, rspProd: 1, rspCons: 0 });
  back.rearm();
  expect(inspectRing(place)).toMatchObject({ reqProd: 3, reqCons: 2, rspProd: 1, rspCons: 0 });
});

test('behaves like two queues in any order of steps, and no wake-up is lost', () => {
  const step = fc.constantFrom(
    'ask',
    'publishAsked',
    'take',
    'answer',
    'publishAnswers',
    'hear',
    'sleepBack',
    'sleepFront',
  );
  fc.assert(
    fc.property(fc.integer(), fc.array(step, { maxLength: 200, size: 'max' }), (start, steps) => {
      const { front, back, place } = ringAt(start);
      const words = new Int32Array(place.buffer);
      const asked: number[] = [];
      const taken: number[] = [];
      const answered: number[] = [];
      let [visible, visibleAnswers, value] = [0, 0, 0];
      const asleep = { front: true, back: true };
      const actions: Readonly<Record<string, () => void>> = {
        ask() {
          if (front.room() === 0) return;
          words[front.produce() >> 2] = ++value;
          asked.push(value);
        },
        publishAsked() {
          const news = asked.length > visible;
          visible = asked.length;
          if (front.publish()) asleep.back = false;
          if (news) expect(asleep.back).toBe(false);
        },
        take() {
          expect(back.ready()).toBe(visible);
          if (visible === 0) return;
          const offset = back.consume();
          expect(words[offset >> 2]).toBe(asked[0]);
          taken.push(asked.shift()!);
          visible--;
        },
        answer() {
          expect(back.room()).toBe(taken.length);
          const one = taken.pop();
          if (one === undefined) return;
          words[back.produce() >> 2] = -one;
          answered.push(-one);
        },
        publishAnswers() {
          const news = answered.length > visibleAnswers;
          visibleAnswers = answered.length;
          if (back.publish()) asleep.front = false;
          if (news) expect(asleep.front).toBe(false);
        },
        hear() {
          expect(front.ready()).toBe(visibleAnswers);
          if (visibleAnswers === 0) return;
          expect(words[front.consume() >> 2]).toBe(answered.shift());
          visibleAnswers--;
        },
        sleepBack() {
          expect(back.rearm()).toBe(visible > 0);
          asleep.back = visible === 0;
        },
        sleepFront() {
          expect(front.rearm()).toBe(visibleAnswers > 0);
          asleep.front = visibleAnswers === 0;
        },
      };
      for (const one of steps) actions[one]!();
    }),
    { numRuns: 300 },
  );
});

describe('a lying peer', () => {
  test('more requests than slots, or requests taken back, break the responding end', () => {
    const { front, back, words } = ringAt();
    for (let slot = 0; slot < 3; slot++) front.produce();
    front.publish();
    back.consume();
    back.consume();
    for (const lie of [5, 1, 0, -1, 0x7fffffff, 0x80000000 | 0]) {
      words[REQ_PROD] = lie;
      expect([lie, back.ready()]).toEqual([lie, -1]);
    }
    for (const [claim, ready] of [
      [2, 0],
      [3, 1],
      [4, 2],
    ]) {
      words[REQ_PROD] = claim!;
      expect(back.ready()).toBe(ready);
    }
  });

  test('more answers than questions, or answers taken back, break the requesting end', () => {
    const { front, words } = ringAt();
    front.produce();
    front.publish();
    front.produce();
    for (const lie of [2, 5, -1, 0x7fffffff, 0x80000000 | 0]) {
      words[RSP_PROD] = lie;
      expect([lie, front.ready()]).toEqual([lie, -1]);
    }
  });

  test('indexes that are impossible from the start break both ends at the first look', () => {
    const { place, words } = ringAt();
    words[REQ_PROD] = SLOTS + 1;
    expect(frontRing(place).ready()).toBe(-1);
    expect(backRing(place).ready()).toBe(-1);
  });
});
