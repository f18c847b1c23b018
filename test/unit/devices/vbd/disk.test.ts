// SPDX-License-Identifier: Apache-2.0
import { openSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { idcBack } from '../../../../src/devices/idc-back.ts';
import { imageOf } from '../../../../src/devices/vbd/image.ts';
import { VBD_QUOTAS } from '../../../../src/devices/vbd/protocol.ts';
import { createBlockService } from '../../../../src/devices/vbd/service.ts';
import { diskConfig, pattern, startVbdPair, tempImage } from '../../../support/vbd-pair.ts';

const MIB = 1024 * 1024;

/** Whether two large arrays are equal; the matcher of the test library takes seconds for that. */
const same = (one: Uint8Array, other: Uint8Array): boolean => Buffer.compare(one, other) === 0;

describe('a disk', () => {
  test('has the size of its image and its content', async () => {
    using image = tempImage(5 * MIB + 512);
    await using pair = await startVbdPair({ config: diskConfig(image.path) });
    const { disk } = pair;
    expect(disk.size).toBe(5 * MIB + 512);
    expect(disk.readonly).toBe(false);
    expect(same(await disk.read(0, disk.size), image.content)).toBe(true);
    expect(same(await disk.read(disk.size - 512, 512), image.content.subarray(-512))).toBe(true);
    expect(await disk.read(disk.size, 0)).toHaveLength(0);
  });

  test('takes writes of any size to the image, also beyond what fits into the pool', async () => {
    using image = tempImage(6 * MIB);
    await using pair = await startVbdPair({ config: diskConfig(image.path) });
    const data = pattern(5 * MIB + 512, 7);
    await pair.disk.write(1024, data);
    await pair.disk.write(0, data.subarray(0, 512));
    const expected = new Uint8Array(image.content);
    expected.set(data, 1024);
    expected.set(data.subarray(0, 512), 0);
    expect(same(readFileSync(image.path), expected)).toBe(true);
  });

  test('reads into a part of a larger buffer and leaves the rest alone', async () => {
    using image = tempImage(MIB);
    await using pair = await startVbdPair({ config: diskConfig(image.path) });
    const target = new Uint8Array(200_000).fill(9);
    await pair.disk.readInto(512, target.subarray(100, 100 + 70_144));
    expect(target.subarray(0, 100).every((byte) => byte === 9)).toBe(true);
    expect(target.subarray(100 + 70_144).every((byte) => byte === 9)).toBe(true);
    expect(same(target.subarray(100, 100 + 70_144), image.content.subarray(512, 512 + 70_144))).toBe(true);
  });

  test('reads as zeros where it was discarded, and only there', async () => {
    const size = 20 * MIB;
    using image = tempImage(size);
    await using pair = await startVbdPair({ config: diskConfig(image.path) });
    await pair.disk.discard(512, size - 1024);
    const expected = new Uint8Array(image.content).fill(0, 512, size - 512);
    expect(same(readFileSync(image.path), expected)).toBe(true);
  });

  test('serves many callers at once', async () => {
    using image = tempImage(4 * MIB);
    await using pair = await startVbdPair({ config: diskConfig(image.path) });
    const { disk } = pair;
    const offsets = Array.from({ length: 512 }, (_, index) => ((index * 37) % 512) * 8192);
    const parts = await Promise.all(offsets.map((offset) => disk.read(offset, 8192)));
    for (const [index, offset] of offsets.entries()) {
      expect(same(parts[index]!, image.content.subarray(offset, offset + 8192))).toBe(true);
    }
  });

  test('does what a plain array does, for any operations one after the other', async () => {
    const sectors = 4096;
    using image = tempImage(sectors * 512);
    await using pair = await startVbdPair({ config: diskConfig(image.path) });
    const { disk } = pair;
    const model = new Uint8Array(image.content);
    const range = fc.tuple(fc.nat(sectors - 1), fc.integer({ min: 1, max: 700 }), fc.integer());
    const step = fc.record({ op: fc.constantFrom('read', 'write', 'discard', 'flush'), range });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
        for (const {
          op,
          range: [first, count, seed],
        } of steps) {
          const offset = first * 512;
          const length = Math.min(count, sectors - first) * 512;
          if (op === 'flush') await disk.flush();
          if (op === 'discard') {
            await disk.discard(offset, length);
            model.fill(0, offset, offset + length);
          }
          if (op === 'write') {
            const data = pattern(length, seed);
            await disk.write(offset, data);
            model.set(data, offset);
          }
          if (op === 'read')
            expect(same(await disk.read(offset, length), model.subarray(offset, offset + length))).toBe(true);
        }
      }),
      { numRuns: 60 },
    );
    expect(same(readFileSync(image.path), model)).toBe(true);
  });

  test('counts requests and sectors', async () => {
    using image = tempImage(4 * MIB);
    await using pair = await startVbdPair({ config: diskConfig(image.path) });
    const { disk } = pair;
    await disk.read(0, 512);
    await disk.read(0, 65_536 + 512);
    await disk.write(0, new Uint8Array(1024));
    await disk.discard(0, 8192);
    await disk.flush();
    expect(pair.counters).toEqual({ oo: 0, rd: 2, wr: 2, flush: 1, rsect: 130, wsect: 18 });
    await disk.read(0, 4 * MIB);
    expect(pair.counters).toMatchObject({ rd: 2 + 16, rsect: 130 + 8192 });
    // What the back end hands to other threads is outstanding meanwhile.
    await Promise.all(Array.from({ length: 2 * VBD_QUOTAS.inFlight }, () => disk.discard(0, 512)));
    expect(pair.counters.oo).toBeGreaterThan(0);
  });

  test('lends memory that is read into and written from in place, in part too', async () => {
    using image = tempImage(2 * MIB);
    await using pair = await startVbdPair({ config: diskConfig(image.path) });
    const { disk } = pair;
    const buffer = disk.buffer(MIB)!;
    expect(disk.buffer(512)).toBeUndefined();
    await disk.readInto(512, buffer.bytes);
    expect(same(buffer.bytes, image.content.subarray(512, 512 + MIB))).toBe(true);
    buffer.bytes.fill(0);
    await disk.readInto(MIB, buffer.bytes.subarray(1024, 2048));
    expect(same(buffer.bytes.subarray(1024, 2048), image.content.subarray(MIB, MIB + 1024))).toBe(true);
    expect(buffer.bytes.subarray(2048).every((byte) => byte === 0)).toBe(true);
    await disk.write(0, buffer.bytes.subarray(512, 2048));
    expect(same(readFileSync(image.path).subarray(0, 1536), buffer.bytes.subarray(512, 2048))).toBe(true);
    // Half of the pool is left for everything else, whatever was lent.
    expect(same(await disk.read(4096, MIB), image.content.subarray(4096, 4096 + MIB))).toBe(true);
    buffer.free();
    expect(disk.buffer(MIB)!.bytes).toHaveLength(MIB);
  });

  test('takes lent memory of an earlier connection for memory like any other', async () => {
    using image = tempImage(MIB);
    await using pair = await startVbdPair({ config: diskConfig(image.path) });
    const { disk } = pair;
    const { bytes } = disk.buffer(4096)!;
    await pair.disconnect();
    expect(disk.buffer(4096)).toBeUndefined();
    await pair.connect();
    const other = disk.buffer(4096)!.bytes.fill(7);
    await disk.readInto(512, bytes);
    expect(same(bytes, image.content.subarray(512, 512 + 4096))).toBe(true);
    expect(other.every((byte) => byte === 7)).toBe(true);
  });

  test('is served with what is left of the pool, however it lies', async () => {
    using image = tempImage(MIB);
    await using pair = await startVbdPair({ config: diskConfig(image.path) });
    const { disk } = pair;
    // Every other page is taken: no two are left in a row in the half from which these came.
    const pages = Array.from({ length: MIB / 4096 }, () => disk.buffer(4096)!);
    for (const [index, page] of pages.entries()) if (index % 2 === 0) page.free();
    const rest = disk.buffer(MIB / 2)!;
    expect(rest.bytes).toHaveLength(MIB / 2);
    expect(same(await disk.read(0, MIB), image.content)).toBe(true);
  });
});

describe('a disk refuses', () => {
  test('what does not lie within it or is not made of sectors', async () => {
    using image = tempImage(4096);
    await using pair = await startVbdPair({ config: diskConfig(image.path) });
    const { disk } = pair;
    const beyond = {
      name: 'XmError',
      code: 'EINVAL',
      message: expect.stringContaining('beyond the end, which is at 4096'),
    };
    const crooked = { name: 'XmError', code: 'EINVAL', message: expect.stringContaining('not made of sectors') };
    await expect(disk.read(4096, 512)).rejects.toMatchObject(beyond);
    await expect(disk.read(0, 2 ** 52)).rejects.toMatchObject(beyond);
    await expect(disk.write(3584, new Uint8Array(1024))).rejects.toMatchObject(beyond);
    await expect(disk.discard(2 ** 52, 512)).rejects.toMatchObject(beyond);
    await expect(disk.read(1, 512)).rejects.toMatchObject(crooked);
    await expect(disk.read(0, 513)).rejects.toMatchObject(crooked);
    await expect(disk.read(-512, 512)).rejects.toMatchObject(crooked);
    await expect(disk.read(Number.NaN, 512)).rejects.toMatchObject(crooked);
    await expect(disk.write(0, new Uint8Array(100))).rejects.toMatchObject(crooked);
    expect(pair.counters).toMatchObject({ rd: 0, wr: 0 });
  });

  test('writing, when it is attached read-only', async () => {
    using image = tempImage(4096);
    await using pair = await startVbdPair({ config: diskConfig(image.path, 'r') });
    const { disk } = pair;
    expect(disk.readonly).toBe(true);
    const refusal = { name: 'XmError', code: 'EROFS', message: expect.stringMatching(/^xvda: .*attached read-only$/) };
    await expect(disk.write(0, new Uint8Array(512))).rejects.toMatchObject(refusal);
    await expect(disk.discard(0, 512)).rejects.toMatchObject(refusal);
    await disk.flush();
    expect(same(await disk.read(0, 4096), image.content)).toBe(true);
  });

  test('writing, when the disk of its image is full', async () => {
    const full = imageOf(openSync('/dev/full', 'r+'), 1024, false);
    const back = idcBack(VBD_QUOTAS, (endpoint, { buffers, counters }) => ({
      handlers: createBlockService(endpoint, buffers, () => full, counters),
      close: () => full.close(),
    }));
    await using pair = await startVbdPair({ back });
    const refusal = { name: 'XmError', code: 'ENOSPC', message: expect.stringMatching(/^xvda: .*no space left/) };
    await expect(pair.disk.write(0, new Uint8Array(300 * 512))).rejects.toMatchObject(refusal);
    await expect(pair.disk.discard(0, 512)).rejects.toMatchObject(refusal);
    expect((await pair.disk.read(0, 512)).every((byte) => byte === 0)).toBe(true);
  });

  test('what the image fails at, and goes on', async () => {
    using image = tempImage(MIB);
    const short = imageOf(openSync(image.path, 'r+'), 2 * (MIB / 512), false);
    const back = idcBack(VBD_QUOTAS, (endpoint, { buffers, counters }) => ({
      handlers: createBlockService(endpoint, buffers, () => short, counters),
      close: () => short.close(),
    }));
    await using pair = await startVbdPair({ back });
    const { disk } = pair;
    await expect(disk.read(MIB, 512)).rejects.toMatchObject({
      code: 'EIO',
      message: expect.stringMatching(/^xvda: reading/),
    });
    await expect(disk.read(0, 2 * MIB)).rejects.toMatchObject({ code: 'EIO' });
    expect(same(await disk.read(0, MIB), image.content)).toBe(true);
  });

  test('to be opened without a file', async () => {
    await expect(startVbdPair({ config: diskConfig('/nowhere/x.img') })).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
