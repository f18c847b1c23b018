// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { MessageChannel } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { byteRingReader, byteRingWriter } from '../../../src/ring/byte-ring.ts';
import { createLaneMemory, LANE_RING_BYTES, laneIn, mustWake, STATE } from '../../../src/xenstore/lane.ts';
import { serveLane } from '../../../src/xenstore/lane-server.ts';
import { connectStore } from '../../../src/xenstore/port.ts';
import { XS } from '../../../src/xenstore/wire.ts';
import { wireRequest } from '../../support/wire-request.ts';
import { newStore, seed } from './harness.ts';

/** Domain 1's lane, its other end in the test's hand. */
function served() {
  const world = newStore();
  seed(world.dom0, '/local/domain/1', '', 'n1');
  const lane = serveLane(
    world.store,
    1,
    () => {},
    () => {},
  );
  const { words, client, requests, replies } = laneIn(lane.memory);
  return { ...world, lane, words, client, requests: byteRingWriter(requests), replies: byteRingReader(replies) };
}

test('a domain that sleeps because it had no room is woken, however little the server found in the ring', async () => {
  const { lane, words, client, requests } = served();
  // The domain filled the ring after the server had looked how much there was, and slept before that was taken.
  requests.write(wireRequest(XS.write, `a\0${'x'.repeat(4094)}`), 100);
  Atomics.store(words, client, STATE.full);
  lane.kick();
  await expect.poll(() => Atomics.load(words, client)).toBe(STATE.awake);
});

test('a domain that waits for room says so, and goes on when there is some', async () => {
  const { port1, port2 } = new MessageChannel();
  const client = connectStore(port2);
  await once(port1, 'message');
  const memory = createLaneMemory();
  const { words, client: end, ...rings } = laneIn(memory);
  const requests = byteRingReader(rings.requests);
  port1.postMessage({ lane: memory });
  const written = client.write('a', 'x'.repeat(4094));
  await expect.poll(() => Atomics.load(words, end)).toBe(STATE.full);
  expect(requests.ready()).toBe(LANE_RING_BYTES);
  requests.read(new Uint8Array(100));
  expect(mustWake(words, end, STATE.full)).toBe(true);
  Atomics.notify(words, end);
  await expect.poll(() => requests.ready()).toBe(4112 - 100);
  client.close();
  await expect(written).rejects.toMatchObject({ errno: 'EIO' });
});

test('a domain that takes none of its replies is stalled, and misses none', async () => {
  const { dom0, lane, requests, replies } = served();
  dom0.write('/local/domain/1/a', 'x'.repeat(1900));
  const request = wireRequest(XS.read, 'a\0');
  const all = Buffer.concat(Array(1000).fill(request));
  let sent = 0;
  const send = async (): Promise<number> => {
    const count = requests.write(all.subarray(sent));
    sent += count;
    lane.kick();
    await nextTurn();
    return count;
  };
  while ((await send()) > 0);
  // The ring, what was taken out of it and waits, and as many as have their replies in the backlog and in the ring.
  expect(sent / request.length).toBeLessThan(600);
  const bytes = Buffer.alloc(LANE_RING_BYTES);
  let came = 0;
  while (came < 1000 * (16 + 1900)) {
    came += replies.read(bytes);
    await send();
  }
  expect([sent, came]).toEqual([all.length, 1000 * (16 + 1900)]);
});
