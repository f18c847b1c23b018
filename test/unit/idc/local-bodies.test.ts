// SPDX-License-Identifier: Apache-2.0
import { closeSync, openSync, writeSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { Done, LocalBuffer } from '../../../src/idc/buffers/contract.ts';
import { localBuffer, slice } from '../../../src/idc/buffers/local-buffer.ts';
import { type EndpointHandlers, type Quotas, TRANSPORT } from '../../../src/idc/contract.ts';
import { createEndpoint, type EndpointControl } from '../../../src/idc/endpoint.ts';
import { createLoopback } from '../../../src/idc/loopback-channel.ts';
import { until } from '../../support/hv-machine.ts';
import { startRemote } from '../../support/idc-remote.ts';
import { pattern, tempImage } from '../../support/vbd-pair.ts';

/** Two ends with buffers; one notes the messages that it gets. */
async function start(handlers: EndpointHandlers = {}) {
  const all = startRemote(64, 64);
  const user = all.of(1);
  const quotas: Quotas = { inFlight: 4, bodyBytes: 64, registrations: 0 };
  const heard: string[] = [];
  const near = createEndpoint({ quotas, buffers: user });
  const far = createEndpoint({
    quotas,
    buffers: all.of(2),
    onMessage({ body, length, complete }) {
      heard.push(String(body.subarray(0, length)));
      complete();
    },
    onTransaction({ parameters, parametersLength, status, complete }) {
      status.set(parameters.subarray(0, parametersLength));
      complete(1, parametersLength);
    },
    ...handlers,
  });
  const connect = (): void => {
    const { front, back } = createLoopback(quotas);
    near.connect(front);
    far.connect(back);
  };
  near.appear();
  far.appear();
  connect();
  const reads: Done[] = [];
  /** A type whose bytes come when a test says so: all of them are 9. */
  const type = user.types.register<undefined>({
    name: 'slow',
    copyToStack(_base, _offset, stack, _length, done) {
      stack.fill(9);
      reads.push(done);
    },
    copyFromStack: (_base, _offset, _stack, _length, done) => done(new Error('not written to'), 0),
  });
  const slow = (length: number): LocalBuffer => localBuffer(type, undefined, 0, length);
  return {
    machine: all.machine,
    near,
    far,
    user,
    peer: all.of(2),
    heard,
    reads,
    slow,
    connect,
    disconnect: () => Promise.all([near.disconnect(), far.disconnect()]),
    [Symbol.dispose]: () => all[Symbol.dispose](),
  };
}

describe('a body from a local buffer', () => {
  test.each(['memory', 'pages', 'a file'])('of %s is sent as its bytes are', async (kind) => {
    using all = await start();
    using image = tempImage(0);
    const { user, near } = all;
    const content = pattern(40);
    const fd = openSync(image.path, 'r+');
    writeSync(fd, content, 0, 40, 5);
    const page = user.pages.pool(await all.machine.dom(1).frames.pool(64)).alloc(40, 4090)!;
    user.types.copy(user.bytes.of(content), page, () => {});
    const makers: Readonly<Record<string, LocalBuffer>> = {
      memory: user.bytes.of(content),
      pages: page,
      'a file': user.file.of(fd, 5, 40),
    };
    const buffer = makers[kind]!;
    expect(await near.send(buffer)).toBe(TRANSPORT.ok);
    expect(await near.call(slice(buffer, 3, 20))).toEqual({
      transport: TRANSPORT.ok,
      error: 1,
      status: content.slice(3, 23),
    });
    expect(await near.send(slice(buffer, 0, 0))).toBe(TRANSPORT.ok);
    expect(all.heard).toEqual([String(content), '']);
    closeSync(fd);
  });

  test('is submitted when it has been copied: memory in order, what is slower behind what came meanwhile', async () => {
    using all = await start();
    const { near, user } = all;
    const memory = Uint8Array.of(2);
    const sent = [near.send(Uint8Array.of(1)), near.send(all.slow(1)), near.send(user.bytes.of(memory))];
    // It is the caller's again.
    memory[0] = 0;
    sent.push(near.send(Uint8Array.of(3)));
    await until(() => all.heard.length === 3);
    expect(near.health().sent).toBe(3);
    all.reads[0]!(undefined, 1);
    expect(await Promise.all(sent)).toEqual(new Array(4).fill(TRANSPORT.ok));
    expect(all.heard).toEqual(['1', '2', '3', '9']);
  });

  test('that gives an error is not sent, and who tries again at once starves nobody', async () => {
    using all = await start();
    const { near } = all;
    const verdicts: number[] = [];
    let over = false;
    // Beyond the end of its memory: the copy fails at once.
    const broken = localBuffer(all.user.bytes.type, new Uint8Array(1), 0, 2);
    const post = (): void =>
      near.post(broken, (transport) => {
        verdicts.push(transport);
        if (!over) post();
      });
    post();
    expect(verdicts).toEqual([]);
    for (let turn = 0; turn < 5; turn++) await nextTurn();
    over = true;
    await nextTurn();
    expect(new Set(verdicts)).toEqual(new Set([TRANSPORT.unreadable]));
    const failing = near.call(all.slow(1));
    all.reads[0]!(new Error('of the medium'), 0);
    expect(await failing).toEqual({ transport: TRANSPORT.unreadable, error: 0, status: new Uint8Array(0) });
    expect([all.heard, near.health().sent]).toEqual([[], 0]);
  });

  test('ends with the connection during its copy, before that is announced, and reaches no other one', async () => {
    using all = await start();
    const { near } = all;
    const verdicts: number[] = [];
    for (let number = 0; number < 2; number++) near.post(all.slow(1), (transport) => verdicts.push(transport));
    const call = near.call(all.slow(1));
    const closing = all.disconnect();
    expect(verdicts).toEqual([TRANSPORT.disconnected, TRANSPORT.disconnected]);
    expect(await call).toMatchObject({ transport: TRANSPORT.disconnected });
    await closing;
    all.connect();
    for (const read of all.reads) read(undefined, 1);
    expect(await near.send(Uint8Array.of(1))).toBe(TRANSPORT.ok);
    expect([verdicts.length, all.heard]).toEqual([2, ['1']]);
  });

  test('is told of before its endpoint is destroyed', async () => {
    using all = await start();
    const log: string[] = [];
    all.near.post(all.slow(1), (transport) => log.push(`${transport}`));
    await new Promise<void>((done) => all.near.destroy(done));
    log.push('destroyed');
    all.reads[0]!(undefined, 1);
    await nextTurn();
    expect(log).toEqual([`${TRANSPORT.disconnected}`, 'destroyed']);
  });

  test('is not looked at without a connection', async () => {
    using all = await start();
    await all.disconnect();
    expect(await all.near.send(all.slow(1))).toBe(TRANSPORT.notConnected);
    expect(await all.near.call(all.slow(1))).toMatchObject({ transport: TRANSPORT.notConnected });
    expect(all.reads).toHaveLength(0);
  });

  test('is no longer than the quota, and not without buffers', async () => {
    using all = await start();
    expect(() => all.near.post(all.slow(65))).toThrow('at most 64 bytes');
    await expect(all.near.call(all.slow(65))).rejects.toThrow('at most 64 bytes');
    const bare: EndpointControl = createEndpoint();
    expect(() => bare.post(all.slow(1))).toThrow('without buffers');
  });
});

describe('what is received', () => {
  test('is a local buffer for who asks: body, parameters and status', async () => {
    const seen: LocalBuffer[] = [];
    using all = await start({
      onMessage(message) {
        seen.push(message.bodyBuffer());
      },
      onTransaction({ parametersBuffer, statusBuffer, complete }) {
        const parameters = parametersBuffer();
        seen.push(parameters);
        expect(statusBuffer().length).toBe(64);
        all.peer.types.copy(parameters, slice(statusBuffer(), 1), (error) => complete(error ? 1 : 0, 4));
      },
    });
    const { near } = all;
    near.post(Uint8Array.of(1, 2));
    const { error, status } = await near.call(Uint8Array.of(3, 4, 5));
    expect([error, status]).toEqual([0, Uint8Array.of(0, 3, 4, 5)]);
    expect(seen.map(({ length }) => length)).toEqual([2, 3]);
    const body = new Uint8Array(2);
    all.peer.types.copy(seen[0]!, all.peer.bytes.of(body), () => {});
    expect(body).toEqual(Uint8Array.of(1, 2));
  });
});
