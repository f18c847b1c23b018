// SPDX-License-Identifier: Apache-2.0
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { type PinnedBuffer, REFERENCE_BYTES, type Refusal } from '../../../src/hv/lending-contract.ts';
import { slice } from '../../../src/idc/buffers/local-buffer.ts';
import { type ReadResult, type ReceivedTransaction, TRANSPORT } from '../../../src/idc/contract.ts';
import { createEndpoint } from '../../../src/idc/endpoint.ts';
import { createLoopback } from '../../../src/idc/loopback-channel.ts';
import type { RemoteBuffers } from '../../../src/idc/remote-contract.ts';
import { until } from '../../support/hv-machine.ts';
import { bytesIn, send, startRemote } from '../../support/idc-remote.ts';
import { pattern } from '../../support/vbd-pair.ts';

const LENGTH = 1000;
const FILLED = { filled: true, transport: TRANSPORT.ok, error: 0, status: new Uint8Array(0) };

/** An end that reads, and what a server that answers nothing by itself has been asked. */
async function start() {
  const all = startRemote(64, 64);
  const [owner, server] = [all.of(1), all.of(2)];
  const quotas = { inFlight: 2, bodyBytes: 64, registrations: 2 };
  const held: ReceivedTransaction[] = [];
  const near = createEndpoint({ quotas, buffers: owner });
  const far = createEndpoint({ quotas, onTransaction: (one) => held.push(one) });
  const channels = createLoopback(quotas);
  near.appear();
  far.appear();
  near.connect(channels.front);
  far.connect(channels.back);
  const buffer = slice(await owner.alloc(4096), 0, LENGTH);
  const map = await owner.alloc(4 * Math.ceil(LENGTH / 32));
  /** A read that has reached the server, with how it ended. */
  async function read(by: 'copy' | 'map' = 'copy') {
    const before = held.length;
    const seen: { result?: ReadResult | undefined } = {};
    const parameters = new Uint8Array(REFERENCE_BYTES);
    const promise = near.read({ buffer, map, by }, (reference) => {
      parameters.set(reference);
      return parameters;
    });
    void promise.then((result) => {
      seen.result = result;
    });
    // They were copied.
    parameters.fill(0);
    await until(() => held.length > before);
    const asked = held.at(-1)!;
    return { promise, seen, asked, reference: asked.parameters.slice(0, REFERENCE_BYTES) };
  }
  return {
    near,
    held,
    owner,
    server,
    buffer,
    map,
    bytes: bytesIn(buffer),
    read,
    disconnect: () => Promise.all([near.disconnect(), far.disconnect()]),
    [Symbol.dispose]: () => all[Symbol.dispose](),
  };
}

const put = (server: RemoteBuffers, reference: Uint8Array, from: number, length: number, content = pattern(LENGTH)) =>
  send(server, server.bytes.of(content.subarray(from, from + length)), reference, from);

const pin = (server: RemoteBuffers, reference: Uint8Array): Promise<PinnedBuffer | Refusal> =>
  new Promise((resolve) => server.pin(reference, 0, 'write', resolve));

/** Turns enough for a wake-up to arrive. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await nextTurn();
}

describe('a read', () => {
  test('is over when its buffer is full, however often and in which order, without its answer', async () => {
    using all = await start();
    const { promise, seen, reference } = await all.read();
    const fragments = [
      [600, 300],
      [0, 300],
      [600, 300],
      [0, 300],
      [300, 300],
      [899, 100],
    ] as const;
    for (const [from, length] of fragments) {
      await put(all.server, reference, from, length);
      await turns();
      expect('result' in seen).toBe(false);
    }
    await put(all.server, reference, 999, 1);
    expect(await promise).toEqual(FILLED);
    expect(all.bytes).toEqual(pattern(LENGTH));
    expect(all.near.health()).toMatchObject({ inFlight: 1, registered: 0, failed: 0 });
  });

  test('leaves nothing to late and doubled fragments: their reference names nothing', async () => {
    using all = await start();
    const first = await all.read();
    await put(all.server, first.reference, 0, LENGTH);
    await first.promise;
    const second = await all.read();
    all.bytes.fill(0);
    expect(await put(all.server, first.reference, 0, LENGTH)).toEqual({ code: 'ESTALE', bytes: 0 });
    await turns();
    expect('result' in second.seen).toBe(false);
    expect(all.bytes).toEqual(new Uint8Array(LENGTH));
    const content = pattern(LENGTH, 5);
    await put(all.server, second.reference, 0, LENGTH, content);
    expect(await second.promise).toEqual(FILLED);
    expect(all.bytes).toEqual(content);
  });

  test('absorbs its late answer, also when its storage and its buffer are in use again', async () => {
    using all = await start();
    const first = await all.read();
    await put(all.server, first.reference, 0, LENGTH);
    expect(await first.promise).toEqual(FILLED);
    const second = await all.read();
    const other = all.near.call(Uint8Array.of(7));
    first.asked.status.fill(255);
    first.asked.complete(99, 64);
    await until(() => all.held.length === 3);
    await turns();
    expect('result' in second.seen).toBe(false);
    second.asked.status[0] = 3;
    second.asked.complete(5, 1);
    all.held.at(-1)!.status[0] = 4;
    all.held.at(-1)!.complete(6, 1);
    expect(await second.promise).toEqual({
      filled: false,
      transport: TRANSPORT.ok,
      error: 5,
      status: Uint8Array.of(3),
    });
    expect(await other).toEqual({ transport: TRANSPORT.ok, error: 6, status: Uint8Array.of(4) });
    expect(all.near.health()).toMatchObject({ inFlight: 0, failed: 0 });
  });

  test.each([
    ['fails', 5],
    ['ends, shorter than its buffer,', 0],
  ])('%s with an answer that comes before the last byte', async (_, error) => {
    using all = await start();
    const { promise, asked, reference } = await all.read();
    await put(all.server, reference, 0, LENGTH - 1);
    asked.complete(error);
    expect(await promise).toEqual({ ...FILLED, filled: false, error });
    expect(await put(all.server, reference, LENGTH - 1, 1)).toMatchObject({ code: 'ESTALE' });
    await turns();
    expect(all.bytes.at(-1)).toBe(0);
  });

  test('fails with its connection before it is full', async () => {
    using all = await start();
    const { promise, reference } = await all.read();
    await put(all.server, reference, 0, LENGTH - 1);
    await all.disconnect();
    expect(await promise).toEqual({ ...FILLED, filled: false, transport: TRANSPORT.disconnected });
    expect(await put(all.server, reference, LENGTH - 1, 1)).toMatchObject({ code: 'ESTALE' });
  });

  test('without connection says so', async () => {
    using all = await start();
    await all.disconnect();
    const { buffer, map } = all;
    const result = await all.near.read({ buffer, map }, (reference) => reference);
    expect(result).toEqual({ ...FILLED, filled: false, transport: TRANSPORT.notConnected });
  });

  test.each(['disconnect', 'error'])('that was full stays so: %s changes nothing', async (after) => {
    using all = await start();
    const { promise, seen, asked, reference } = await all.read('map');
    const pinned = (await pin(all.server, reference)) as PinnedBuffer;
    pinned.bytes.set(pattern(LENGTH));
    pinned.filled(0, LENGTH);
    // Full, and its fence waits for who has the real bytes.
    while ((await all.server.attenuate(reference, {})) !== 'gone') await nextTurn();
    if (after === 'disconnect') await all.disconnect();
    else asked.complete(5);
    await turns();
    expect('result' in seen).toBe(false);
    pinned.release();
    expect(await promise).toEqual(FILLED);
  });

  test('whose answers never come is in flight, and those beyond the quota wait', async () => {
    using all = await start();
    for (let number = 0; number < 2; number++) {
      const { promise, reference } = await all.read();
      await put(all.server, reference, 0, LENGTH);
      expect(await promise).toEqual(FILLED);
    }
    const third = all.near.read({ buffer: all.buffer, map: all.map }, (reference) => reference);
    await turns();
    expect([all.held.length, all.near.health()]).toMatchObject([2, { inFlight: 2, queued: 1, registered: 1 }]);
    await all.disconnect();
    expect(all.near.health()).toMatchObject({ inFlight: 0, queued: 0, registered: 0 });
    expect(await third).toMatchObject({ filled: false, transport: TRANSPORT.disconnected });
  });

  test('takes one registration, and gives it back whatever happens', async () => {
    using all = await start();
    const { near, buffer, map } = all;
    const target = { buffer, map };
    await expect(near.read(target, () => new Uint8Array(65))).rejects.toThrow('at most 64 bytes');
    const mistake = new Error('of the caller');
    const failing = near.read(target, () => {
      throw mistake;
    });
    await expect(failing).rejects.toBe(mistake);
    await expect(near.read({ buffer: all.owner.bytes.of(new Uint8Array(9)), map }, (one) => one)).rejects.toThrow(
      /not allocated to be lent/,
    );
    expect(near.health()).toMatchObject({ registered: 0, inFlight: 0 });
    for (let number = 0; number < 2; number++) near.register(buffer, { rights: 'read' });
    expect(await near.read(target, (one) => one)).toBeUndefined();
    expect(all.held).toHaveLength(0);
  });
});
