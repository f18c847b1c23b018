// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { type EndpointHandlers, type ReceivedTransaction, TRANSPORT } from '../../../src/idc/contract.ts';
import { createEndpoint } from '../../../src/idc/endpoint.ts';
import { createLoopback } from '../../../src/idc/loopback-channel.ts';
import { pingPeer } from '../../../src/idc/ping.ts';

function connected(handlers: EndpointHandlers = {}, inFlight = 4) {
  const quotas = { inFlight };
  const [front, back] = [createEndpoint({ quotas }), createEndpoint({ ...handlers, quotas })];
  const pair = createLoopback(front.quotas);
  for (const end of [front, back]) end.appear();
  front.connect(pair.front);
  back.connect(pair.back);
  return { front, back };
}

const never = () => {
  throw new Error('a handler was called');
};

test('round trips pass by the client', async () => {
  const { front, back } = connected({ onTransaction: never, onMessage: never });
  const result = await pingPeer(front, { count: 50, size: 112, polled: false, limit: 5000 });
  expect(result).toMatchObject({ transmitted: 50, answered: 50 });
  const { min, p50, avg, p99, max } = result.rtt!;
  expect(min > 0 && min <= p50 && p50 <= p99 && p99 <= max && min <= avg && avg <= max).toBe(true);
  expect(front.health()).toMatchObject({ inFlight: 0, queued: 0 });
  expect(back.health()).toMatchObject({ held: 0 });
});

test('a probe comes back as it went', async () => {
  const { front } = connected();
  const probe = front.probe();
  probe.parametersLength = 5;
  probe.parameters.set([1, 2, 3, 4, 5]);
  await new Promise<unknown>((resolve) => front.submit(probe, resolve));
  const { transport, error, status, statusLength } = probe;
  expect({ transport, error }).toEqual({ transport: TRANSPORT.ok, error: 0 });
  expect([...status.subarray(0, statusLength)]).toEqual([1, 2, 3, 4, 5]);
});

test('probes have no quota of their own: behind a client that does not answer they wait, and pinging ends', async () => {
  const held: ReceivedTransaction[] = [];
  const { front, back } = connected({ onTransaction: (asked) => void held.push(asked) }, 1);
  const answer = front.call(Uint8Array.of(1));
  const stuck = await pingPeer(front, { count: 3, size: 0, polled: false, limit: 20 });
  expect(stuck).toMatchObject({ transmitted: 1, answered: 0 });
  expect(stuck).not.toHaveProperty('rtt');
  expect(front.health()).toMatchObject({ inFlight: 1, queued: 1 });
  expect(back.health()).toMatchObject({ held: 1 });
  held[0]!.complete(7);
  expect(await answer).toMatchObject({ transport: TRANSPORT.ok, error: 7 });
  expect(await pingPeer(front, { count: 3, size: 0, polled: false, limit: 5000 })).toMatchObject({ answered: 3 });
});

test('without a connection nothing is answered', async () => {
  const { front } = connected();
  await front.disconnect();
  expect(await pingPeer(front, { count: 3, size: 0, polled: false, limit: 5000 })).toMatchObject({ answered: 0 });
});
