// SPDX-License-Identifier: Apache-2.0

import { describe, expect, test } from 'vitest';
import { REFERENCE_BYTES, type Registration } from '../../src/hv/lending-contract.ts';
import { type Quotas, TRANSPORT } from '../../src/idc/contract.ts';
import { pattern } from '../support/idc-recorder.ts';
import { bytesIn } from '../support/idc-remote.ts';
import { REFERENCE_AT, startArgoWorker, startIdcWorker, WORK } from '../support/idc-threads.ts';

const QUOTAS: Quotas = { inFlight: 8, bodyBytes: 300, registrations: 4 };

function order(work: number, value = 0, registration?: Registration): Uint8Array {
  const parameters = new Uint8Array(REFERENCE_AT + REFERENCE_BYTES);
  parameters[0] = work;
  parameters[1] = value;
  if (registration) parameters.set(registration.reference, REFERENCE_AT);
  return parameters;
}

describe.each([
  ['a ring', startIdcWorker],
  ['Argo', startArgoWorker],
] as const)('over %s to another thread', (_, startWorker) => {
  test('20,000 transactions of all lengths come back unchanged, each once', async () => {
    await using threads = await startWorker(QUOTAS);
    const { front } = threads;
    const { promise, resolve } = Promise.withResolvers<void>();
    const wrong: number[] = [];
    let [next, completed] = [0, 0];
    const submit = (transaction: ReturnType<typeof front.transaction>): void => {
      const number = next++;
      if (number >= 20_000) return;
      const bytes = [WORK.echo, ...pattern(number, number % 300)];
      transaction.parameters.set(bytes);
      transaction.parametersLength = bytes.length;
      front.submit(transaction, ({ transport, statusLength, status }) => {
        const same = Buffer.compare(status.subarray(0, statusLength), Uint8Array.from(bytes)) === 0;
        if (transport !== TRANSPORT.ok || !same) wrong.push(number);
        if (++completed === 20_000) resolve();
        submit(transaction);
      });
    };
    for (let flight = 0; flight < 11; flight++) submit(front.transaction());
    await promise;
    expect(wrong).toEqual([]);
  });

  test('no wake-up is lost when both ends sleep between 3000 round trips', async () => {
    await using threads = await startWorker(QUOTAS);
    for (let trip = 0; trip < 3000; trip++) {
      const { status } = await threads.front.call(Uint8Array.of(WORK.echo, trip & 255));
      expect(status[1]).toBe(trip & 255);
    }
  });

  test('a front end that polls and never yields gets its answers', async () => {
    await using threads = await startWorker(QUOTAS);
    const { front } = threads;
    const transaction = front.transaction();
    transaction.parametersLength = 1;
    const deadline = performance.now() + 10_000;
    let completed = 0;
    for (let number = 0; number < 1000; number++) {
      front.submit(transaction, () => completed++);
      while (completed === number && performance.now() < deadline) front.poll();
    }
    expect(completed).toBe(1000);
  });

  test('both directions at once, submissions inside handlers included', async () => {
    let received = 0;
    const { promise, resolve } = Promise.withResolvers<void>();
    await using threads = await startWorker(QUOTAS, {
      onTransaction(transaction) {
        transaction.complete(0);
        if (++received === 5000) resolve();
      },
    });
    const calls = Array.from({ length: 5000 }, () => threads.front.call(order(WORK.callBack)));
    expect((await Promise.all(calls)).every(({ transport }) => transport === TRANSPORT.ok)).toBe(true);
    await promise;
    expect(received).toBe(5000);
  });
});

describe('over a ring to another thread', () => {
  test('a corked batch of 256 costs one notification, or none while the peer is at work', async () => {
    await using threads = await startIdcWorker({ ...QUOTAS, inFlight: 256 });
    const { front, counters } = threads;
    await front.call(order(WORK.echo));
    const before = counters().sent;
    front.cork();
    const calls = Array.from({ length: 256 }, () => front.call(order(WORK.echo)));
    front.uncork();
    await Promise.all(calls);
    expect(counters().sent - before).toBeLessThanOrEqual(1);
  });

  test('what the other thread wrote to lent memory before it answered is there with the answer', async () => {
    await using threads = await startIdcWorker(QUOTAS);
    const { front, buffers } = threads;
    const buffer = await buffers.alloc(64);
    const registration = front.register(buffer, { rights: 'write', by: 'map' })!;
    expect((await front.call(order(WORK.pin, 0, registration))).error).toBe(1);
    let fenced = false;
    const fence = new Promise<void>((resolve) =>
      registration.unregister(() => {
        fenced = true;
        resolve();
      }),
    );
    for (let trip = 0; trip < 10; trip++) await front.call(order(WORK.echo));
    expect(fenced).toBe(false);
    await front.call(order(WORK.writeAndRelease, 77));
    expect(bytesIn(buffer).every((byte) => byte === 77)).toBe(true);
    await fence;
    const next = front.register(buffer, { rights: 'write', by: 'map' })!;
    expect((await front.call(order(WORK.pin, 0, registration))).error).toBe(0);
    expect((await front.call(order(WORK.pin, 0, next))).error).toBe(1);
  });

  test('a peer that is gone does not keep anything from ending', async () => {
    const threads = await startIdcWorker(QUOTAS);
    const { front, buffers } = threads;
    const registration = front.register(await buffers.alloc(64), { rights: 'write', by: 'map' })!;
    await front.call(order(WORK.pin, 0, registration));
    const fence = new Promise<void>((resolve) => registration.unregister(resolve));
    await threads[Symbol.asyncDispose]();
    await fence;
    const done = Promise.withResolvers<void>();
    front.destroy(done.resolve);
    await done.promise;
    expect(front.state).toBe('destroyed');
  });
});

test('over Argo a peer that is gone does not keep anything from ending', async () => {
  const threads = await startArgoWorker(QUOTAS);
  const { front } = threads;
  expect((await front.call(order(WORK.echo))).transport).toBe(TRANSPORT.ok);
  await threads[Symbol.asyncDispose]();
  expect((await front.call(order(WORK.echo))).transport).toBe(TRANSPORT.notConnected);
  const done = Promise.withResolvers<void>();
  front.destroy(done.resolve);
  await done.promise;
});
