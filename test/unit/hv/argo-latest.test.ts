// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { latestMessages } from '../../../src/hv/argo-latest.ts';
import { createRingMemory, RING_HEADER, readArgoRing, ringPhase } from '../../../src/hv/argo-memory.ts';
import { openOwnRing } from '../../../src/hv/argo-ring.ts';
import { createArgoSender } from '../../../src/hv/argo-send.ts';

function ringOf(bytes: number) {
  const memory = createRingMemory(new SharedArrayBuffer(RING_HEADER + bytes));
  const { ring } = openOwnRing(memory, 7, 1);
  const sender = createArgoSender(1, false);
  const send = (text: string, aport = 9): void => {
    sender.gather([Buffer.from(text)]);
    expect(sender.measure()).toBe(text.length);
    expect(sender.transmit(memory, ringPhase(memory), aport, 5, text.length)).toBe(text.length);
  };
  const seen = (most = 8): readonly string[] =>
    latestMessages(memory, most).map(({ bytes: part, received }) => `${received ? '-' : '+'}${Buffer.from(part)}`);
  return { memory, ring, send, seen };
}

test('messages are seen before and after they were received, with who sent them', () => {
  const { memory, ring, send, seen } = ringOf(1024);
  expect(seen()).toEqual([]);
  for (const text of ['one', 'two', 'three']) send(text);
  expect(seen()).toEqual(['+one', '+two', '+three']);
  expect(latestMessages(memory, 1)).toMatchObject([{ domid: 1, aport: 9, type: 5, length: 5, received: false }]);
  for (let count = 0; count < 3; count++) ring.receive();
  expect(seen()).toEqual(['-one', '-two', '-three']);
  send('four');
  expect(seen(2)).toEqual(['-three', '+four']);
});

test('a small ring that went round many times: none that was overwritten, and long ones in part', () => {
  const { ring, send, seen } = ringOf(160);
  for (let number = 100; number < 200; number++) {
    send(`number ${number} is seventeen bytes`);
    ring.receive();
  }
  expect(seen().at(-1)).toBe('-number 199 is seventeen bytes');
  expect(seen().length).toBeLessThanOrEqual(3);
  expect(seen().every((line) => /^-number 19\d is/.test(line))).toBe(true);
  const long = ringOf(4096);
  long.send('x'.repeat(1000));
  expect(long.seen()[0]).toBe(`+${'x'.repeat(64)}`);
});

test('counters of a ring: messages, bytes with headers in whole slots, what is used', () => {
  const { memory, ring, send } = ringOf(1024);
  send('one');
  send('a longer one than a slot');
  expect(readArgoRing(memory)).toEqual({ used: 32 + 48, sentBytes: 80, messages: 2, waiting: 0 });
  ring.receive();
  ring.receive();
  expect(readArgoRing(memory)).toMatchObject({ used: 0, sentBytes: 80 });
});

test('a ring that its receiver has scribbled over ends the look, at once', () => {
  const { memory, send, seen } = ringOf(65_536);
  for (let count = 0; count < 100; count++) send('word');
  memory.words.fill(-1, RING_HEADER / 4);
  expect(seen()).toEqual([]);
  memory.words.fill(0, RING_HEADER / 4);
  expect(seen()).toEqual([]);
});
