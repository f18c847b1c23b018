// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { finished, pipeline } from 'node:stream/promises';
import { describe, expect, test } from 'vitest';
import { FLAG, frameHeader, STREAM } from '../../../src/argo/frames.ts';
import { connectStreams, RING, startArgo } from '../../support/argo.ts';
import { until } from '../../support/hv-machine.ts';

const TO = { domid: 1, aport: 80 };

/** Bytes that tell where they belong. */
function pattern(length: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let index = 0; index < length; index++) bytes[index] = (index * 31 + (index >>> 8)) & 0xff;
  return bytes;
}

/** All that is read, and does not end what is written: as `buffer` does. */
async function collect(stream: Readable): Promise<Buffer> {
  const parts: Buffer[] = [];
  stream.on('data', (part: Buffer) => parts.push(part));
  await once(stream, 'end');
  return Buffer.concat(parts);
}

/** How a stream ends: the code of its error, or that it just closed. */
async function endOf(stream: NodeJS.ReadableStream): Promise<string> {
  try {
    await finished(stream);
    return 'closed';
  } catch (error) {
    return (error as { code: string }).code;
  }
}

describe('a stream', () => {
  test('carries bytes both ways, unchanged, whatever their number, and ends in good order at both ends', async () => {
    using all = startArgo([1, 2]);
    const { server, client } = await connectStreams(all);
    const there = pattern(300_001);
    const back = pattern(77_777);
    const heard = [collect(server), collect(client)];
    client.end(there);
    server.end(back);
    const [atServer, atClient] = (await Promise.all(heard)) as [Buffer, Buffer];
    expect(atServer.equals(there)).toBe(true);
    expect(atClient.equals(back)).toBe(true);
    await until(() => server.destroyed && client.destroyed);
    await until(() => all.hv.usage(1)?.pages === 0 && all.hv.usage(2)?.pages === 0);
  });

  test('of many small writes', async () => {
    using all = startArgo([1, 2]);
    const { server, client } = await connectStreams(all);
    const heard = buffer(server);
    for (let number = 0; number < 3000; number++) client.write(Buffer.from([number & 0xff]));
    client.end();
    const bytes = await heard;
    expect(bytes).toHaveLength(3000);
    expect(bytes.every((byte, index) => byte === (index & 0xff))).toBe(true);
  });

  test('is held up by a reader that does not read, and goes on when it does', async () => {
    using all = startArgo([1, 2]);
    const { server, client } = await connectStreams(all);
    const all500 = pattern(500_000);
    const done = new Promise<unknown>((resolve) => client.write(all500, resolve));
    let over = false;
    void done.then(() => {
      over = true;
    });
    // What a ring holds, and no more, is on its way.
    await until(() => client.writableNeedDrain);
    for (let turn = 0; turn < 50; turn++) await new Promise(setImmediate);
    expect(over).toBe(false);
    expect(server.readableLength).toBeLessThanOrEqual(65_536 + RING);
    const heard = buffer(server);
    client.end();
    expect((await heard).equals(all500)).toBe(true);
    await done;
  });

  test('of which a reader is slow does not hold up another one between the same domains', async () => {
    using all = startArgo([1, 2]);
    const slow = await connectStreams(all);
    const fast = await connectStreams(all);
    slow.client.write(pattern(200_000));
    const heard = buffer(fast.server);
    fast.client.end(pattern(200_000));
    expect(await heard).toHaveLength(200_000);
    slow.client.destroy();
    fast.server.destroy();
  });

  test('may have both ends in one domain', async () => {
    using all = startArgo([1]);
    const listening = all.argo(1).listen(80, { ring: RING });
    const accepted = listening.next();
    const client = await all.argo(1).connect(TO, { ring: RING, wait: true });
    const server = (await accepted).value!;
    const heard = buffer(server);
    client.end(pattern(100_000));
    expect(await heard).toHaveLength(100_000);
    await listening.return?.();
  });

  test('that is destroyed at one end ends the other one with an error', async () => {
    using all = startArgo([1, 2]);
    const { server, client } = await connectStreams(all);
    server.resume();
    const end = endOf(server);
    client.destroy();
    expect(await end).toBe('ECONNRESET');
  });

  test('that is destroyed while its ring is full ends all the same', async () => {
    using all = startArgo([1, 2]);
    const { server, client } = await connectStreams(all);
    // Both directions are full, so that nothing can be said any more.
    client.write(pattern(200_000));
    server.write(pattern(200_000));
    await until(() => client.writableNeedDrain && server.writableNeedDrain);
    const end = endOf(server);
    client.on('error', () => {});
    client.destroy();
    expect(await end).toBe('ECONNRESET');
    await until(() => all.hv.usage(1)?.pages === 0 && all.hv.usage(2)?.pages === 0);
  });

  test('whose peer dies ends with that, after what it sent was read', async () => {
    using all = startArgo([1, 2]);
    const { server, client } = await connectStreams(all);
    client.write('last words');
    await until(() => client.writableLength === 0);
    const heard = once(server, 'data');
    all.hv.destroyDomain(2);
    const end = endOf(server);
    expect(String((await heard)[0])).toBe('last words');
    expect(await end).toBe('EPEERDIED');
    await until(() => all.hv.usage(1)?.pages === 0);
  });

  test('that a rule cuts ends with that reason, though nothing was under way', async () => {
    using all = startArgo([0, 1, 2]);
    const { server, client } = await connectStreams(all);
    server.resume();
    client.resume();
    const ends = [endOf(server), endOf(client)];
    await all.argo(0).viptables.add({ src: { domid: 2 }, dst: { domid: 1 }, accept: false });
    // The end that may not send any more is told why; then it is gone for the other one.
    expect(await Promise.all(ends)).toEqual(['ECONNRESET', 'EPERM']);
    await expect(all.argo(2).connect(TO)).rejects.toMatchObject({ code: 'EPERM' });
  });

  test('that a rule cuts in full traffic ends both ends, and leaves nothing', async () => {
    using all = startArgo([0, 1, 2]);
    const { server, client } = await connectStreams(all);
    const endless = async function* () {
      for (;;) {
        yield pattern(1000);
        await new Promise(setImmediate);
      }
    };
    const sending = pipeline(endless, client).catch(({ code }) => code as string);
    const end = endOf(server);
    let heard = 0;
    server.on('data', (part: Buffer) => {
      heard += part.length;
    });
    await until(() => heard > 10_000);
    await all.argo(0).viptables.add({ src: { domid: 2 }, dst: { domid: 1 }, accept: false });
    const then = heard;
    expect(await sending).toBe('EPERM');
    expect(await end).toBe('ECONNRESET');
    // What was in the ring, and nothing that came later.
    expect(heard - then).toBeLessThanOrEqual(RING);
    await until(() => all.hv.usage(1)?.pages === 0 && all.hv.usage(2)?.pages === 0);
  });

  test('whose ring its owner scribbles over ends there, and is a reset for the other end', async () => {
    using all = startArgo([1, 2]);
    const { server, client } = await connectStreams(all);
    const ends = [endOf(server), endOf(client)];
    client.resume();
    client.write('hello');
    await until(() => client.writableLength === 0);
    // The kernel of domain 1 finds the ring by its hypercalls, registering it again.
    const ring = await all.argo(1).register(server.local.aport, 2, RING);
    new Int32Array(ring.buffer, 64).fill(-1);
    server.resume();
    expect(await Promise.all(ends)).toEqual(['EBADMSG', 'ECONNRESET']);
  });
});

describe('a flood', () => {
  test.each([
    ['of messages without data', 0],
    ['of data that is taken at once', 8],
  ])('%s does not stop what else the thread has to do', async (_, bytes) => {
    using all = startArgo([1, 2]);
    const { argo } = all.machine.dom(2);
    const listening = all.argo(1).listen(80, { ring: RING });
    const accepted = listening.next();
    await argo.register(5, 1, 4096);
    await until(() => all.hv.usage(1)?.rings === 1);
    await argo.resolve(TO);
    argo.sendv(5, TO, [frameHeader(FLAG.syn, 7)], STREAM);
    const server = (await accepted).value!;
    await argo.resolve(server.local);
    const body = [frameHeader(0, 7), new Uint8Array(bytes)];
    const refill = (): void => {
      while (typeof argo.sendv(5, server.local, body, STREAM) === 'number');
    };
    // As fast as it is taken, and for ever.
    let heard = 0;
    let flooding = true;
    server.on('error', () => {});
    server.on('data', () => {
      heard++;
      if (flooding) refill();
    });
    const again = (): void => {
      if (!flooding) return;
      refill();
      setImmediate(again);
    };
    again();
    for (let turn = 0; turn < 50; turn++) await new Promise(setImmediate);
    if (bytes > 0) await until(() => heard > 1000);
    flooding = false;
    server.destroy();
    await listening.return?.();
  });
});

describe('connect', () => {
  test('says that nobody listens, that a domain is not there, that it was called off', async () => {
    using all = startArgo([1, 2]);
    const { connect } = all.argo(2);
    await expect(connect(TO)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    await expect(connect({ domid: 9, aport: 80 })).rejects.toMatchObject({ code: 'ESRCH' });
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(connect(TO, { signal })).rejects.toThrow('enough');
    const late = new AbortController();
    const waiting = connect(TO, { wait: true, ring: RING, signal: late.signal });
    await until(() => all.hv.usage(2)?.rings === 1);
    late.abort(new Error('too late'));
    await expect(waiting).rejects.toThrow('too late');
    expect(all.hv.usage(2)).toMatchObject({ rings: 0, pages: 0 });
  });

  test('that waits for a domain that dies is told', async () => {
    using all = startArgo([1, 2]);
    const waiting = all.argo(2).connect(TO, { wait: true, ring: RING });
    await until(() => all.hv.usage(2)?.rings === 1);
    all.hv.destroyDomain(1);
    await expect(waiting).rejects.toMatchObject({ code: 'ESRCH' });
    expect(all.hv.usage(2)).toMatchObject({ rings: 0, pages: 0 });
  });

  test('asks again when who listened has gone without an answer, and another one has come', async () => {
    using all = startArgo([1, 2]);
    const { argo } = all.machine.dom(1);
    await argo.register(80, 2, 4096);
    const waiting = all.argo(2).connect(TO, { wait: true, ring: RING });
    await until(() => all.hv.usage(2)?.rings === 1);
    await until(() => argo.reach(0, { domid: 2, aport: 0 }) !== 'EAGAIN');
    await argo.unregister(80, 2);
    const listening = all.argo(1).listen(80, { ring: RING });
    const { value } = await listening.next();
    (await waiting).destroy();
    value?.on('error', () => {});
    await listening.return?.();
  });
});

describe('listen', () => {
  test('refuses a domain that has enough, and no other one, and it again when one of its streams is over', async () => {
    using all = startArgo([1, 2, 3]);
    const listening = all.argo(1).listen(80, { ring: RING, perDomain: 2 });
    const first = listening.next();
    const options = { ring: RING, wait: true };
    const one = await all.argo(2).connect(TO, options);
    const [accepted, two] = [(await first).value!, all.argo(2).connect(TO, options)];
    const second = (await listening.next()).value!;
    await two;
    await expect(all.argo(2).connect(TO, { ring: RING })).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    const other = all.argo(3).connect(TO, options);
    const third = (await listening.next()).value!;
    await other;
    accepted.resume().end();
    one.resume().end();
    await once(accepted, 'close');
    const again = all.argo(2).connect(TO, options);
    const fourth = (await listening.next()).value!;
    await again;
    for (const stream of [second, third, fourth]) stream.on('error', () => {});
    await listening.return?.();
  });

  test('is not disturbed by messages that are no question, and takes one that is repeated for one', async () => {
    using all = startArgo([1, 2]);
    const { argo } = all.machine.dom(2);
    const listening = all.argo(1).listen(80, { ring: RING });
    const accepted: unknown[] = [];
    const serving = (async () => {
      for await (const stream of listening) accepted.push(stream.on('error', () => {}));
    })();
    const ring = await argo.register(5, 1, 4096);
    await until(() => all.hv.usage(1)?.rings === 1);
    await argo.resolve(TO);
    const junk = [
      new Uint8Array(0),
      Uint8Array.of(1),
      frameHeader(FLAG.rst, 1),
      frameHeader(FLAG.syn | FLAG.ack, 1),
      frameHeader(0, 0),
    ];
    for (const bytes of junk) argo.sendv(5, TO, [bytes], STREAM);
    argo.sendv(5, TO, [frameHeader(FLAG.syn, 1)], 99);
    for (let time = 0; time < 3; time++) argo.sendv(5, TO, [frameHeader(FLAG.syn, 7)], STREAM);
    await until(() => !ring.empty);
    const { client } = await connectStreamTo(all);
    await until(() => accepted.length === 2);
    client.destroy();
    await until(() => all.hv.usage(2)?.rings === 1);
    all.hv.destroyDomain(2);
    void serving;
  });

  test('ends when its signal says so, and leaves accepted streams alone', async () => {
    using all = startArgo([1, 2]);
    const stop = new AbortController();
    const listening = all.argo(1).listen(80, { ring: RING, signal: stop.signal });
    const accepted = listening.next();
    const client = await all.argo(2).connect(TO, { ring: RING, wait: true });
    const server = (await accepted).value!;
    const last = listening.next();
    stop.abort();
    expect((await last).done).toBe(true);
    await expect(all.argo(2).connect(TO)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    const heard = buffer(server);
    client.end('still here');
    expect(String(await heard)).toBe('still here');
  });
});

async function connectStreamTo(all: ReturnType<typeof startArgo>) {
  return { client: await all.argo(2).connect(TO, { ring: RING }) };
}
