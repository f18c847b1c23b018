// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { idcBack } from '../../../../src/devices/idc-back.ts';
import { BLK_OP, BLK_STATUS, type BlockDevice } from '../../../../src/devices/vbd/contract.ts';
import type { Done, Image } from '../../../../src/devices/vbd/image.ts';
import { countOf, opOf, putInfo, REFERENCE_AT, sectorOf, VBD_QUOTAS } from '../../../../src/devices/vbd/protocol.ts';
import { createBlockService } from '../../../../src/devices/vbd/service.ts';
import type { PinnedBuffer } from '../../../../src/hv/lending-contract.ts';
import type { ReceivedTransaction } from '../../../../src/idc/contract.ts';
import { createRemoteBuffers } from '../../../../src/idc/remote-buffers.ts';
import { until } from '../../../support/hv-machine.ts';
import { diskConfig, pattern, startDisk, startVbdHost, startVbdPair, tempImage } from '../../../support/vbd-pair.ts';

const MIB = 1024 * 1024;
const GONE = { name: 'XmError', code: 'ENODEV', message: expect.stringMatching(/^xvda: /) };

/** A back end of 1 MiB that answers when the test says so. */
function heldBack() {
  const held: ReceivedTransaction[] = [];
  const pins: PinnedBuffer[] = [];
  const back = idcBack(VBD_QUOTAS, (_endpoint, { buffers }) => ({
    handlers: {
      onTransaction(transaction) {
        const { parameters, status } = transaction;
        if (opOf(parameters) !== BLK_OP.info) held.push(transaction);
        else transaction.complete(0, putInfo(status, { sectors: 2048, readonly: false, maxSectors: 128 }));
      },
    },
    idle: async () => {
      for (const pin of pins.splice(0)) pin.release();
    },
    open: async () => {
      pinOf = async ({ parameters }, right) => {
        const pin = await new Promise<PinnedBuffer | string>((resolve) =>
          buffers.pin(parameters, REFERENCE_AT, right, resolve),
        );
        if (typeof pin === 'string') throw new Error(`nothing to pin: ${pin}`);
        pins.push(pin);
        return pin;
      };
    },
  }));
  let pinOf: (transaction: ReceivedTransaction, right: 'read' | 'write') => Promise<PinnedBuffer>;
  return { back, held, pin: (transaction: ReceivedTransaction, right: 'read' | 'write') => pinOf(transaction, right) };
}

/** A read there and back: everything that either end sent before has arrived after it. */
async function roundTrip(disk: BlockDevice, held: ReceivedTransaction[]): Promise<void> {
  const before = held.length;
  const read = disk.read(0, 512);
  await until(() => held.length > before);
  held.pop()!.complete(BLK_STATUS.okay);
  await read;
}

describe('answers out of order', () => {
  test('reach the callers they are for, each with its data', async () => {
    const { back, held, pin } = heldBack();
    await using pair = await startVbdPair({ back });
    const order: number[] = [];
    const reads = [0, 1, 2, 3].map(async (index) => {
      const bytes = await pair.disk.read(index * 512, 512);
      order.push(index);
      return bytes;
    });
    await until(() => held.length === 4);
    for (const transaction of held.reverse()) {
      const memory = await pin(transaction, 'write');
      memory.bytes.fill(100 + sectorOf(transaction.parameters), 0, 512);
      memory.release();
      transaction.complete(BLK_STATUS.okay);
      await reads[sectorOf(transaction.parameters)];
    }
    expect(order).toEqual([3, 2, 1, 0]);
    for (const [index, read] of reads.entries()) expect(new Set(await read)).toEqual(new Set([100 + index]));
  });

  test('one failed part of a large read fails it, when the other parts are over', async () => {
    const { back, held } = heldBack();
    await using pair = await startVbdPair({ back });
    let settled = false;
    const read = pair.disk.read(0, 3 * 65_536).finally(() => {
      settled = true;
    });
    read.catch(() => {});
    await until(() => held.length === 3);
    held[0]!.complete(BLK_STATUS.error);
    held[1]!.complete(BLK_STATUS.okay);
    await roundTrip(pair.disk, held);
    expect(settled).toBe(false);
    held[2]!.complete(BLK_STATUS.okay);
    await expect(read).rejects.toMatchObject({ code: 'EIO' });
  });

  test('more than the quota is never in flight, and long reads leave room for short ones', async () => {
    const { back, held } = heldBack();
    await using pair = await startVbdPair({ back });
    const { inFlight } = VBD_QUOTAS;
    const long = [pair.disk.read(0, MIB), pair.disk.read(0, MIB), pair.disk.read(0, MIB)];
    const short = pair.disk.read(512, 512);
    const sizes: number[] = [];
    await until(() => held.length === inFlight);
    while (sizes.length < 3 * 16 + 1) {
      await until(() => held.length > 0);
      expect(held.length).toBeLessThanOrEqual(inFlight);
      const next = held.shift()!;
      sizes.push(countOf(next.parameters));
      next.complete(BLK_STATUS.okay);
    }
    await Promise.all([...long, short]);
    // The third long read and the short one wait for places, and get them in turn.
    expect(sizes.indexOf(1)).toBe(inFlight + 1);
  });

  test('a flush goes out after the writes before it ended, whatever comes later', async () => {
    const { back, held } = heldBack();
    await using pair = await startVbdPair({ back });
    const { disk } = pair;
    const before = [disk.write(0, new Uint8Array(512)), disk.discard(1024, 512)];
    const flush = disk.flush();
    const later = disk.write(512, new Uint8Array(512));
    await until(() => held.length === 3);
    const [first, second, third] = held.splice(0);
    first!.complete(BLK_STATUS.error);
    await expect(before[0]).rejects.toMatchObject({ code: 'EIO' });
    await roundTrip(disk, held);
    expect(held).toHaveLength(0);
    second!.complete(BLK_STATUS.okay);
    await until(() => held.length === 1);
    expect(opOf(held[0]!.parameters)).toBe(BLK_OP.flush);
    held[0]!.complete(BLK_STATUS.okay);
    await flush;
    third!.complete(BLK_STATUS.okay);
    await Promise.all([before[1], later]);
  });
});

describe('the end of a connection', () => {
  test('ends everything outstanding with ENODEV if it is the last, and a new device works', async () => {
    const { back, held, pin } = heldBack();
    await using pair = await startVbdPair({ back });
    const { disk } = pair;
    const target = new Uint8Array(MIB).fill(5);
    const outstanding = [
      disk.read(0, 512),
      disk.readInto(0, target),
      disk.readInto(0, target),
      disk.readInto(0, target),
      disk.write(0, pattern(MIB)),
      disk.discard(0, 512),
      disk.flush(),
    ];
    const outcomes = Promise.allSettled(outstanding);
    await until(() => held.length === VBD_QUOTAS.inFlight);
    await pin(held[0]!, 'write');
    await pair.close();
    for (const outcome of await outcomes) expect(outcome).toMatchObject({ status: 'rejected', reason: GONE });
    expect(disk.size).toBe(0);
    await expect(disk.read(0, 512)).rejects.toMatchObject(GONE);
    await expect(disk.write(0, new Uint8Array(512))).rejects.toMatchObject(GONE);
    await expect(disk.flush()).rejects.toMatchObject(GONE);

    // Nothing of the old connection may reach the new one.
    for (const transaction of held.splice(0)) transaction.complete(BLK_STATUS.okay);
    await pair.connect();
    expect(disk.size).toBe(MIB);
    const read = disk.read(0, 512);
    await until(() => held.length === 1);
    held[0]!.complete(BLK_STATUS.okay);
    await read;
    expect(target.every((byte) => byte === 5)).toBe(true);
    expect(pair.broken).toEqual([]);
  });

  test('is passed over by what waits: it is done again with the next one', async () => {
    const { back, held } = heldBack();
    await using pair = await startVbdPair({ back });
    const { disk } = pair;
    const first = [disk.write(0, new Uint8Array(512)), disk.read(512, 512), disk.discard(1024, 512)];
    await until(() => held.length === 3);
    await pair.disconnect();
    const second = [disk.read(2048, 512), disk.flush()];
    expect(disk.size).toBe(MIB);
    await expect(disk.read(MIB, 512)).rejects.toMatchObject({ code: 'EINVAL' });
    held.length = 0;
    await pair.connect();
    await until(() => held.length === 4);
    const asked = held.map(({ parameters }) => `${opOf(parameters)} ${sectorOf(parameters)}`);
    expect(asked.sort()).toEqual(
      [`${BLK_OP.read} 1`, `${BLK_OP.read} 4`, `${BLK_OP.write} 0`, `${BLK_OP.discard} 2`].sort(),
    );
    // The flush was for the write and the discard.
    for (const transaction of held.splice(0)) transaction.complete(BLK_STATUS.okay);
    await until(() => held.length === 1);
    expect(opOf(held[0]!.parameters)).toBe(BLK_OP.flush);
    held[0]!.complete(BLK_STATUS.okay);
    await Promise.all([...first, ...second]);
  });

  test('waits for what the back end has begun, and the image changes no more after it', async () => {
    using image = tempImage(2 * MIB);
    await using pair = await startVbdPair({ config: diskConfig(image.path) });
    const { disk } = pair;
    const writes = Array.from({ length: 64 }, (_, index) =>
      disk.write(index * 32_768, new Uint8Array(32_768).fill(index)),
    );
    const outcomes = Promise.allSettled(writes);
    await until(() => pair.counters.wr > 0);
    await pair.back.disconnect();
    const after = readFileSync(image.path);
    await pair.front.disconnected();
    await pair.front.closed?.();
    for (const [index, { status }] of (await outcomes).entries()) {
      // One that failed may have happened or not, but not in part later on.
      if (status === 'fulfilled')
        expect(new Set(after.subarray(index * 32_768, (index + 1) * 32_768))).toEqual(new Set([index]));
    }
    await pair.connect();
    expect(Buffer.compare(await disk.read(0, 2 * MIB), after)).toBe(0);
  });

  test('waits for an image that takes its time', async () => {
    const writes: Done[] = [];
    const image: Image = {
      sectors: 2048,
      readonly: false,
      read: (_bytes, _position, done) => done(null),
      write: (_bytes, _position, done) => void writes.push(done),
      send: (_position, _length, _there, done) => done(null),
      receive: (_position, _length, _there, done) => done(null),
      zero: (_position, _length, done) => done(null),
      sync: (done) => done(null),
      close: async () => {},
    };
    const back = idcBack(VBD_QUOTAS, (endpoint, { buffers, counters }) => {
      const { onTransaction, idle } = createBlockService(endpoint, buffers, () => image, counters);
      return { handlers: { onTransaction }, idle };
    });
    await using pair = await startVbdPair({ back });
    const { hv } = pair.machine;
    const outcome = Promise.allSettled([pair.disk.write(0, new Uint8Array(1024)), pair.disk.write(0, pattern(65_536))]);
    await until(() => writes.length === 2);
    const disconnected = pair.disconnect();
    writes[0]!(null);
    // Time enough for a back end that does not wait to unmap the front end's memory, which takes a hypercall each.
    for (let call = 0; call < 10; call++) await pair.machine.dom(0).evtchn.status(1);
    expect(hv.usage(0)?.mappings).toBe(1);
    writes[1]!(null);
    await disconnected;
    expect(hv.usage(0)?.mappings).toBe(0);
    await outcome;
  });

  test('leaves nothing behind, however often', async () => {
    using image = tempImage(MIB);
    await using pair = await startVbdPair({ config: diskConfig(image.path) });
    const usage = () => [0, 1].map((domid) => pair.machine.hv.usage(domid));
    const before = usage();
    for (let round = 0; round < 10; round++) {
      const outcome = Promise.all([pair.disk.read(0, MIB), pair.disk.write(0, new Uint8Array(MIB)), pair.disk.flush()]);
      await pair.disconnect();
      await pair.connect();
      await outcome;
    }
    expect(usage()).toEqual(before);
    expect(Buffer.compare(await pair.disk.read(0, MIB), readFileSync(image.path))).toBe(0);
  });

  test('[6] both ends come and go under full load: no write is lost, and none comes late', async () => {
    using image = tempImage(MIB);
    using host = startVbdHost([1]);
    const size = 32 * 1024;
    const expected = new Uint8Array(MIB);
    let disk: BlockDevice | undefined;
    let over = false;
    let writes = 0;
    let lost = 0;
    /** Writes the same part again and again, something else each time; what failed is done again. */
    async function writer(at: number): Promise<void> {
      for (let seed = 0; !over || expected[at] === 0; seed = (seed + 1) % 250) {
        const content = new Uint8Array(size).fill(1 + seed);
        expected.set(content, at);
        for (let done = false; !done; ) {
          try {
            if (disk === undefined) await nextTurn();
            else {
              await disk.write(at, content);
              done = true;
              writes++;
            }
          } catch (error) {
            expect(error).toMatchObject(GONE);
            lost++;
            await nextTurn();
          }
        }
      }
    }
    const writers = Array.from({ length: MIB / size }, (_, index) => writer(index * size));
    for (let life = 0; life < 20; life++) {
      await using pair = await startDisk(host, 1, { config: diskConfig(image.path) });
      disk = pair.disk;
      for (let round = 0; round < 3; round++) {
        const enough = writes + 50;
        await until(() => writes >= enough);
        // In the midst of them: at first only the connection, in the end both modules.
        await pair.disconnect();
        if (round < 2) await pair.connect();
      }
      disk = undefined;
    }
    over = true;
    await using pair = await startDisk(host, 1, { config: diskConfig(image.path) });
    disk = pair.disk;
    await Promise.all(writers);
    expect(lost).toBeGreaterThan(20);
    expect(Buffer.compare(await disk.read(0, MIB), expected)).toBe(0);
    expect(Buffer.compare(readFileSync(image.path), expected)).toBe(0);
  });

  test('is noticed by a front end that only just asks for the size', async () => {
    const silent = idcBack(VBD_QUOTAS, () => ({ handlers: { onTransaction: () => {} } }));
    const { back } = heldBack();
    await using pair = await startVbdPair({ back });
    await pair.disconnect();
    const frames = await pair.front.offer(0);
    const ports = pair.machine.hv.bindPair(0, 1);
    const quiet = silent({
      class: 'vbd',
      handle: 51712,
      name: 'xvda',
      config: {},
      domid: 1,
      domainName: 'guest',
      runDir: '/tmp',
      hypercalls: pair.machine.dom(0),
      buffers: createRemoteBuffers(pair.machine.dom(0)),
      counters: new Float64Array(8),
      record: new SharedArrayBuffer(0),
      signal: new AbortController().signal,
      broken: () => {},
    });
    await quiet.connect(frames, ports.near);
    const connected = Promise.resolve(pair.front.connected(ports.far));
    connected.catch(() => {});
    await quiet.disconnect();
    await pair.front.disconnected();
    await expect(connected).rejects.toMatchObject(GONE);
    await pair.front.closed?.();
    expect(pair.disk.size).toBe(0);
  });
});

test('a back end that describes no disk is not connected to', async () => {
  const back = idcBack(VBD_QUOTAS, () => ({
    handlers: {
      onTransaction: (transaction) =>
        transaction.complete(0, putInfo(transaction.status, { sectors: 0, readonly: false, maxSectors: 1 })),
    },
  }));
  await expect(startVbdPair({ back })).rejects.toMatchObject({
    name: 'XmError',
    code: 'EPROTO',
    message: 'xvda: its back end describes no disk',
  });
});
