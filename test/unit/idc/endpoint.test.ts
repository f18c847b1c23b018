// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { TRANSPORT } from '../../../src/idc/contract.ts';
import { createEndpoint } from '../../../src/idc/endpoint.ts';
import { createLoopback } from '../../../src/idc/loopback-channel.ts';
import { until } from '../../support/hv-machine.ts';
import { ringPair } from '../../support/idc-pairs.ts';

function introduce(onBroken?: (reason: string) => void) {
  const [front, back] = [createEndpoint(onBroken ? { onBroken } : {}), createEndpoint()];
  const pair = createLoopback(front.quotas);
  front.appear();
  back.appear();
  front.connect(pair.front);
  return { front, back, pair };
}

test('without handlers, transactions fail at the service and messages are taken', async () => {
  const { front, back, pair } = introduce();
  back.connect(pair.back);
  expect(await front.call(new Uint8Array(1))).toMatchObject({ transport: TRANSPORT.ok, error: -1 });
  expect(await new Promise<number>((resolve) => front.post(new Uint8Array(1), resolve))).toBe(TRANSPORT.ok);
});

test.each([
  ['an answer to nothing', (back: ReturnType<typeof createLoopback>['back']) => back.putReply(1, 0, EMPTY, 0)],
  ['a request of unknown kind', (back: ReturnType<typeof createLoopback>['back']) => back.putRequest(77, 0, EMPTY, 0)],
])('%s breaks the connection, and the introduction is told', (_, put) => {
  const reasons: string[] = [];
  const { front, pair } = introduce((reason) => reasons.push(reason));
  // The peer may answer only what it was asked, so ask; the answer then names another transaction.
  front.submit(front.transaction(), () => reasons.push('answered'));
  pair.back.open({ request() {}, reply() {}, delivered() {}, broken() {} });
  pair.back.poll();
  put(pair.back);
  pair.back.flush();
  front.poll();
  front.poll();
  expect(reasons).toEqual([expect.stringMatching(/not outstanding|unknown kind 77/)]);
});

test('a polled call ends at once when the peer breaks the protocol', () => {
  const { front, pair } = introduce(() => {});
  pair.back.open({ request() {}, reply() {}, delivered() {}, broken() {} });
  pair.back.putRequest(77, 0, EMPTY, 0);
  pair.back.flush();
  expect(front.callPolled(front.transaction(), 60_000)).toBe(TRANSPORT.disconnected);
});

test('a cork that a handler sets during a polled call holds after it', () => {
  const front = createEndpoint({ onMessage: () => front.cork() });
  const heard: number[] = [];
  const back = createEndpoint({ onMessage: (message) => heard.push(message.body[0]!) });
  const pair = createLoopback(front.quotas);
  for (const [endpoint, channel] of [
    [front, pair.front],
    [back, pair.back],
  ] as const) {
    endpoint.appear();
    endpoint.connect(channel);
  }
  back.post(Uint8Array.of(1));
  expect(front.callPolled(front.transaction(), 60_000)).toBe(TRANSPORT.ok);
  front.post(Uint8Array.of(2));
  back.poll();
  expect(heard).toEqual([]);
  front.uncork();
  back.poll();
  expect(heard).toEqual([2]);
});

test('a polled call within a thread is answered, under a cork too, and beyond the quota', () => {
  const { front, back, pair } = introduce();
  back.connect(pair.back);
  front.cork();
  let posted = 0;
  for (let number = 0; number < 2 * front.quotas.inFlight; number++) front.post(new Uint8Array(1), () => posted++);
  const transaction = front.transaction();
  expect(front.callPolled(transaction, 60_000)).toBe(TRANSPORT.ok);
  expect([transaction.error, posted]).toEqual([-1, 2 * front.quotas.inFlight]);
  front.uncork();
});

test('an endpoint that a peer broke works as before in the next connection', async () => {
  const { front, back, pair } = introduce();
  for (let round = 0; round < front.quotas.inFlight + 1; round++) {
    const evil = round === 0 ? pair.back : createLoopback(front.quotas);
    const channel = 'front' in evil ? evil.back : evil;
    if ('front' in evil) front.connect(evil.front);
    channel.open({ request() {}, reply() {}, delivered() {}, broken() {} });
    channel.putRequest(77, 0, EMPTY, 0);
    channel.flush();
    front.poll();
    await front.disconnect();
  }
  const good = createLoopback(front.quotas);
  front.connect(good.front);
  back.connect(good.back);
  for (let number = 0; number < front.quotas.inFlight; number++) back.submit(back.transaction(), () => {});
  back.poll();
  expect(await front.call(new Uint8Array(1))).toMatchObject({ transport: TRANSPORT.ok, error: -1 });
});

test('a batch under a cork costs one notification, and so does a batch from inside a handler', async () => {
  const quotas = { ...createEndpoint().quotas, inFlight: 32 };
  const pair = await ringPair(quotas);
  const front = createEndpoint({
    onMessage(message) {
      message.complete();
      for (let number = 0; number < 10; number++) front.post(new Uint8Array(4));
    },
  });
  const back = createEndpoint();
  for (const endpoint of [front, back]) endpoint.appear();
  front.connect(pair.front);
  back.connect(pair.back);
  // The event channel is bound by a message; what is sent before it arrives counts when it does.
  front.post(new Uint8Array(1));
  await until(() => pair.frontSent() > 0);
  back.poll();
  front.poll();
  const before = pair.frontSent();
  front.cork();
  for (let number = 0; number < 20; number++) front.post(new Uint8Array(4));
  expect(pair.frontSent()).toBe(before);
  front.uncork();
  expect(pair.frontSent()).toBe(before + 1);
  // The peer has not looked yet, so it need not be told again.
  front.post(new Uint8Array(4));
  expect(pair.frontSent()).toBe(before + 1);
  back.poll();
  front.poll();
  const between = pair.frontSent();
  back.post(new Uint8Array(1));
  front.poll();
  expect(pair.frontSent()).toBe(between + 1);
  await pair.end();
});

const EMPTY = { bytes: new Uint8Array(8), words: new Int32Array(2) };
