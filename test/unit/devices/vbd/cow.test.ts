// SPDX-License-Identifier: Apache-2.0
import { chmodSync, closeSync, openSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { DeviceConfig } from '../../../../src/devices/contract.ts';
import { createBlockCache } from '../../../../src/devices/vbd/block-cache.ts';
import { createPageRoom } from '../../../../src/devices/vbd/page-room.ts';
import { type FrameVector, PAGE_SIZE } from '../../../../src/hv/contract.ts';
import type { LocalBuffer } from '../../../../src/idc/buffers/contract.ts';
import { slice } from '../../../../src/idc/buffers/local-buffer.ts';
import { pagesOf } from '../../../../src/idc/buffers/pages.ts';
import {
  diskConfig,
  pattern,
  startDisk,
  startVbdHost,
  type TempImage,
  tempImage,
  type VbdHost,
  type VbdPair,
} from '../../../support/vbd-pair.ts';

const PAGE = PAGE_SIZE;
const BLOCK = 64 * PAGE;
const SECTOR = 512;
const MIB = 1024 * 1024;

/** Two blocks, and a third that ends in the middle of a page. */
const SIZE = 2 * BLOCK + 3 * PAGE + SECTOR;

let host: VbdHost;
let image: TempImage;
let disks: VbdPair[];

beforeEach(() => {
  host = startVbdHost([1, 2, 3], 16 * 1024);
  image = tempImage(SIZE);
  disks = [];
});

afterEach(async () => {
  for (const disk of disks) await disk[Symbol.asyncDispose]();
  expect(host.machine.hv.checkFrames()).toEqual([]);
  host[Symbol.dispose]();
  expect(host.machine.hv.frameUsage().pages).toBe(0);
  image[Symbol.dispose]();
});

const config = (more: DeviceConfig = {}): DeviceConfig => ({
  ...diskConfig(image.path),
  uname: `cow:${image.path}`,
  ...more,
});

async function open(guest: number, more?: DeviceConfig): Promise<VbdPair> {
  const pair = await startDisk(host, guest, { config: config(more) });
  disks.push(pair);
  return pair;
}

/** Hidden pages of a guest. */
async function pagesIn({ buffers, machine }: VbdPair, length: number, start = 0) {
  const pool = buffers.pages.pool(await machine.dom(guestOf(buffers)).frames.pool(Math.ceil((start + length) / PAGE)));
  return pool.alloc(length, start)!;
}

const guestOf = (buffers: VbdPair['buffers']): number => disks.findIndex((disk) => disk.buffers === buffers) + 1;

/** What hidden pages have in them. */
function look({ buffers }: VbdPair, pages: LocalBuffer<FrameVector>): Uint8Array {
  const bytes = new Uint8Array(pages.length);
  buffers.types.copy(pages, buffers.bytes.of(bytes), (error) => expect(error).toBeUndefined());
  return bytes;
}

function put({ buffers }: VbdPair, pages: LocalBuffer<FrameVector>, bytes: Uint8Array): void {
  buffers.types.copy(buffers.bytes.of(bytes), pages, (error) => expect(error).toBeUndefined());
}

const usage = () => host.machine.hv.frameUsage();
const same = (one: Uint8Array, other: Uint8Array) => Buffer.compare(one, other) === 0;
const baseUnchanged = () => same(readFileSync(image.path), image.content);

describe('reading', () => {
  test('into memory gives the bytes of the base, at any place', async () => {
    const { disk } = await open(1);
    expect(disk.size).toBe(SIZE);
    expect(same(await disk.read(0, SIZE), image.content)).toBe(true);
    for (const [offset, length] of [
      [SECTOR, SECTOR],
      [BLOCK - SECTOR, 2 * SECTOR],
      [SIZE - SECTOR, SECTOR],
      [3 * SECTOR, BLOCK + PAGE],
    ] as const) {
      expect(same(await disk.read(offset, length), image.content.subarray(offset, offset + length))).toBe(true);
    }
  });

  test('into hidden pages shares those of all who read it', async () => {
    const pairs = [await open(1), await open(2), await open(3)];
    const all = 2 * BLOCK;
    const targets: LocalBuffer<FrameVector>[] = [];
    for (const pair of pairs) {
      const target = await pagesIn(pair, all);
      await pair.disk.readInto(0, target);
      expect(same(look(pair, target), image.content.subarray(0, all))).toBe(true);
      targets.push(target);
    }
    const count = all / PAGE;
    expect(usage()).toEqual({ pages: count, references: 4 * count, shared: count, saved: 3 * count });
    expect(pairs[0]!.counters).toMatchObject({ rd: 2, rsect: all / SECTOR });

    // A guest that writes to what it read has that page for itself.
    put(pairs[1]!, slice(targets[1]!, PAGE, 3), Uint8Array.of(1, 2, 3));
    expect(usage()).toMatchObject({ pages: count + 1, saved: 3 * count - 1 });
    expect(same(look(pairs[0]!, targets[0]!), image.content.subarray(0, all))).toBe(true);
    expect(same(await pairs[0]!.disk.read(0, all), image.content.subarray(0, all))).toBe(true);
  });

  test('into pages that do not lie as the disk does copies', async () => {
    const pair = await open(1);
    const length = BLOCK + PAGE;
    const target = await pagesIn(pair, length, 100);
    await pair.disk.readInto(PAGE, target);
    expect(same(look(pair, target), image.content.subarray(PAGE, PAGE + length))).toBe(true);
    expect(usage().shared).toBe(0);
    // From another page on, but alike in its pages.
    const alike = await pagesIn(pair, 3 * PAGE, SECTOR);
    await pair.disk.readInto(BLOCK - PAGE + SECTOR, alike);
    expect(same(look(pair, alike), image.content.subarray(BLOCK - PAGE + SECTOR, BLOCK + 2 * PAGE + SECTOR))).toBe(
      true,
    );
    expect(usage().shared).toBe(2);
  });

  test('a disk that is a file of its own reads and writes hidden pages too, and copies', async () => {
    const pair = await startDisk(host, 1, { config: diskConfig(image.path) });
    disks.push(pair);
    const pages = await pagesIn(pair, SIZE);
    await pair.disk.readInto(0, pages);
    expect(same(look(pair, pages), image.content)).toBe(true);
    const content = pattern(PAGE, 9);
    put(pair, slice(pages, 0, PAGE), content);
    await pair.disk.write(BLOCK, slice(pages, 0, PAGE));
    expect(same(readFileSync(image.path).subarray(BLOCK, BLOCK + PAGE), content)).toBe(true);
    expect(usage().shared).toBe(0);
  });

  test('into pages that were freed, or no pages, is refused, and others go on', async () => {
    const pair = await open(1);
    const pool = pair.buffers.pages.pool(await pair.machine.dom(1).frames.pool(64));
    const freed = pool.alloc(BLOCK)!;
    pool.free(freed);
    const before = pair.disk.read(0, SIZE);
    await expect(pair.disk.readInto(0, freed)).rejects.toMatchObject({ code: 'EINVAL' });
    const bytes = pair.buffers.bytes.of(new Uint8Array(PAGE)) as unknown as LocalBuffer<FrameVector>;
    await expect(pair.disk.write(0, bytes)).rejects.toMatchObject({ code: 'EINVAL' });
    expect(same(await before, image.content)).toBe(true);
    // Not lent any more when the read has ended.
    const target = pool.alloc(BLOCK)!;
    await pair.disk.readInto(0, target);
    pool.free(target);
  });
});

describe('writing', () => {
  test('is seen by nobody else, and copies only its pages', async () => {
    const [one, other] = [await open(1), await open(2)];
    const target = await pagesIn(other, SIZE);
    await other.disk.readInto(0, target);
    const { pages } = usage();
    const expected = Uint8Array.from(image.content);
    const content = pattern(2 * SECTOR, 7);
    // The end of one page and the start of the next.
    await one.disk.write(BLOCK - SECTOR, content);
    expected.set(content, BLOCK - SECTOR);
    expect(usage().pages).toBe(pages + 2);
    await one.disk.write(BLOCK - SECTOR, content);
    expect(usage().pages).toBe(pages + 2);
    expect(same(await one.disk.read(0, SIZE), expected)).toBe(true);
    expect(same(await other.disk.read(0, SIZE), image.content)).toBe(true);
    expect(same(look(other, target), image.content)).toBe(true);

    const mine = await pagesIn(one, SIZE);
    await one.disk.readInto(0, mine);
    expect(same(look(one, mine), expected)).toBe(true);
    await one.disk.flush();
    expect(baseUnchanged()).toBe(true);
  });

  test('several times at once in one page loses nothing', async () => {
    const { disk } = await open(1);
    const expected = Uint8Array.from(image.content);
    const writes = [0, 1, 2, 5, 7].map((sector) => {
      const content = pattern(SECTOR, sector + 20);
      expected.set(content, BLOCK + sector * SECTOR);
      return disk.write(BLOCK + sector * SECTOR, content);
    });
    await Promise.all(writes);
    expect(same(await disk.read(0, SIZE), expected)).toBe(true);
  });

  test('whole pages reads nothing of the base, the end of it too', async () => {
    const { disk } = await open(1);
    const content = pattern(SIZE, 3);
    await disk.write(0, content);
    expect(same(await disk.read(0, SIZE), content)).toBe(true);
    await disk.discard(SECTOR, 2 * PAGE);
    content.fill(0, SECTOR, SECTOR + 2 * PAGE);
    expect(same(await disk.read(0, SIZE), content)).toBe(true);
    expect(baseUnchanged()).toBe(true);
  });

  test('from hidden pages shares them with the disk', async () => {
    const pair = await open(1);
    const source = await pagesIn(pair, 4 * PAGE);
    put(pair, source, pattern(4 * PAGE, 4));
    await pair.disk.write(2 * PAGE, source);
    expect(usage()).toMatchObject({ pages: 4, shared: 4 });
    // The disk keeps what was written.
    put(pair, slice(source, 0, 4), new Uint8Array(4));
    expect(same(await pair.disk.read(2 * PAGE, 4 * PAGE), pattern(4 * PAGE, 4))).toBe(true);
  });

  test('finds no space beyond what the disk may have, and leaves what was there', async () => {
    image[Symbol.dispose]();
    image = tempImage(2 * MIB);
    const { disk } = await open(1, { overlay: 1 });
    const expected = Uint8Array.from(image.content);
    const content = pattern(MIB, 6);
    await disk.write(0, content);
    expected.set(content);
    await expect(disk.write(MIB, content.subarray(0, SECTOR))).rejects.toMatchObject({ code: 'ENOSPC' });
    await expect(disk.discard(MIB, PAGE)).rejects.toMatchObject({ code: 'ENOSPC' });
    await disk.write(PAGE, content.subarray(0, SECTOR));
    expected.set(content.subarray(0, SECTOR), PAGE);
    expect(same(await disk.read(0, 2 * MIB), expected)).toBe(true);
  });

  test('is refused by a disk that is read-only', async () => {
    const { disk } = await open(1, { mode: 'r' });
    await expect(disk.write(0, new Uint8Array(SECTOR))).rejects.toMatchObject({ code: 'EROFS' });
  });
});

describe('the cache', () => {
  /** Larger than the cache, which has 32 MiB. */
  const BIG = 40 * MIB;

  test('evicts what was not used for longest; who shares it keeps it', async () => {
    image[Symbol.dispose]();
    image = tempImage(BIG);
    const [one, other] = [await open(1), await open(2)];
    const target = await pagesIn(one, BLOCK);
    await one.disk.readInto(0, target);
    const { id } = pagesOf(target).page(0)!;
    expect(pagesOf(target).page(0)?.references).toBe(2);
    for (let at = BLOCK; at < BIG; at += 2 * MIB) await other.disk.read(at, Math.min(2 * MIB, BIG - at));
    expect(usage().pages).toBeLessThanOrEqual((32 * MIB) / PAGE + 64);
    expect(pagesOf(target).page(0)).toEqual({ id, references: 1 });
    expect(same(look(one, target), image.content.subarray(0, BLOCK))).toBe(true);

    // Read again it is another copy, which is the shared one from now on.
    const later = await pagesIn(other, BLOCK);
    await other.disk.readInto(0, later);
    expect(pagesOf(later).page(0)?.id).not.toBe(id);
    expect(same(look(other, later), image.content.subarray(0, BLOCK))).toBe(true);
    expect(same(await other.disk.read(BIG - BLOCK, BLOCK), image.content.subarray(BIG - BLOCK))).toBe(true);
  });

  test('keeps what is in use, whatever else is read', async () => {
    const means = { buffers: host.buffers, hypercalls: host.machine.dom(0) };
    // Room for 16 blocks.
    const cache = createBlockCache(host.buffers, createPageRoom(means, 4 * MIB));
    using big = tempImage(40 * BLOCK);
    const fd = openSync(big.path, 'r');
    const file = cache.open(fd, 40 * BLOCK);
    type Held = { readonly part: LocalBuffer<FrameVector>; readonly end: () => void };
    const use = (block: number): Promise<Held> =>
      new Promise((resolve, reject) => {
        file.use(
          block * BLOCK + PAGE,
          PAGE,
          (part, done) => resolve({ part: part as LocalBuffer<FrameVector>, end: () => done(undefined, PAGE) }),
          (error) => error && reject(error),
        );
      });
    const held = await use(0);
    for (let block = 1; block < 20; block++) (await use(block)).end();
    expect(pagesOf(held.part).count).toBe(1);
    expect((await use(0)).part.base).toBe(held.part.base);
    held.end();
    for (let block = 20; block < 36; block++) (await use(block)).end();
    // The second use of it has not ended.
    expect(pagesOf(held.part).count).toBe(1);

    const all = await Promise.all(Array.from({ length: 17 }, (_, index) => use(20 + index)));
    for (const [index, { part, end }] of all.entries()) {
      const bytes = new Uint8Array(PAGE);
      // One of them finds no room, and is the file itself.
      await new Promise((done) => host.buffers.types.copy(part, host.buffers.bytes.of(bytes), done));
      const at = (20 + index) * BLOCK + PAGE;
      expect(same(bytes, big.content.subarray(at, at + PAGE))).toBe(true);
      end();
    }
    file.close();
    closeSync(fd);
  });

  test('leaves some of the memory of its domain to others', async () => {
    host[Symbol.dispose]();
    host = startVbdHost([1, 2, 3], 5 * 1024);
    image[Symbol.dispose]();
    image = tempImage(BIG);
    const { disk } = await open(1);
    for (let at = 0; at < BIG; at += MIB) {
      expect(same(await disk.read(at, MIB), image.content.subarray(at, at + MIB))).toBe(true);
    }
    expect(usage().pages).toBe(4 * 1024);
    expect(await host.machine.dom(0).memory.left()).toBe(1024);
    // And to its disks, none of which can have more than is there.
    await expect(disk.write(0, new Uint8Array(SECTOR))).rejects.toMatchObject({ code: 'ENOSPC' });
  });

  test('of a domain that has no memory for it is done without', async () => {
    host[Symbol.dispose]();
    host = startVbdHost([1, 2, 3], 1000);
    const pair = await open(1);
    const target = await pagesIn(pair, BLOCK);
    await pair.disk.readInto(PAGE, target);
    expect(same(look(pair, target), image.content.subarray(PAGE, PAGE + BLOCK))).toBe(true);
    await expect(pair.disk.write(0, new Uint8Array(SECTOR))).rejects.toMatchObject({ code: 'ENOSPC' });
  });

  test('is not what a file that changed since is read from', async () => {
    const first = await open(1);
    await first.disk.read(0, SIZE);
    const longer = pattern(SIZE + 8 * SECTOR, 30);
    writeFileSync(image.path, longer);
    const second = await open(2);
    expect(same(await second.disk.read(0, longer.length), longer)).toBe(true);
    expect(same(await first.disk.read(0, BLOCK), image.content.subarray(0, BLOCK))).toBe(true);
  });
});

describe('what goes wrong', () => {
  test('a base that is cut short under way: an error for what is missing, the rest stays', async () => {
    const [one, other] = [await open(1), await open(2)];
    await one.disk.read(0, BLOCK);
    truncateSync(image.path, BLOCK + PAGE);
    const target = await pagesIn(other, BLOCK);
    for (let round = 0; round < 2; round++) {
      await expect(other.disk.readInto(BLOCK, target)).rejects.toMatchObject({ code: 'EIO' });
      await expect(one.disk.write(BLOCK + SECTOR, new Uint8Array(SECTOR))).rejects.toMatchObject({ code: 'EIO' });
    }
    await other.disk.readInto(0, target);
    expect(same(look(other, target), image.content.subarray(0, BLOCK))).toBe(true);
    await one.disk.write(BLOCK, pattern(PAGE, 5));
    expect(same(await one.disk.read(BLOCK, PAGE), pattern(PAGE, 5))).toBe(true);
  });

  test('writes that fail take no space', async () => {
    host[Symbol.dispose]();
    // Room for 1024 pages that are written.
    host = startVbdHost([1, 2, 3], 3 * 1024);
    const { disk } = await open(1);
    await disk.read(0, BLOCK);
    truncateSync(image.path, BLOCK);
    for (let round = 0; round < 1100; round++) {
      await expect(disk.write(BLOCK, new Uint8Array(SECTOR))).rejects.toMatchObject({ code: 'EIO' });
    }
    await disk.write(0, pattern(SECTOR, 5));
  });

  test('a base that there is not, or that may not be read, is refused', async () => {
    const absent = startDisk(host, 1, { config: config({ uname: `cow:${image.path}.none` }) });
    await expect(absent).rejects.toMatchObject({ code: 'ENOENT' });
    chmodSync(image.path, 0o000);
    const isRoot = process.getuid?.() === 0;
    if (!isRoot) await expect(open(1)).rejects.toMatchObject({ code: 'EACCES' });
  });

  test('a base that may only be read is enough for a disk that is written', async () => {
    chmodSync(image.path, 0o444);
    const { disk } = await open(1);
    await disk.write(0, new Uint8Array(SECTOR));
    expect((await disk.read(0, SECTOR)).every((byte) => byte === 0)).toBe(true);
  });

  test('a guest that dies in the middle of a read into its pages leaves nothing behind', async () => {
    for (let turns = 0; turns < 12; turns++) {
      const guest = 10 + turns;
      host.machine.add(guest, 1024);
      // Alone, so that the base is read anew each time.
      const pair = await startDisk(host, guest, { config: config() });
      const pool = pair.buffers.pages.pool(await host.machine.dom(guest).frames.pool(256));
      void pair.disk.readInto(0, pool.alloc(SIZE)!).catch(() => {});
      for (let turn = 0; turn < turns; turn++) await nextTurn();
      host.machine.hv.destroyDomain(guest);
      await pair.back.disconnect();
      expect(host.machine.hv.checkFrames()).toEqual([]);
      await pair.back.close();
      expect(usage().pages).toBe(0);
    }
    const { disk } = await open(1);
    expect(same(await disk.read(0, SIZE), image.content)).toBe(true);
  });

  test('what was written ends with the device, and not with the connection', async () => {
    const pair = await open(1);
    const content = pattern(SECTOR, 8);
    await pair.disk.write(0, content);
    await pair.disconnect();
    await pair.connect();
    expect(same(await pair.disk.read(0, SECTOR), content)).toBe(true);

    await pair.disconnect();
    await pair.back.close();
    expect(usage().pages).toBe(0);
    await pair.back.open();
    await pair.connect();
    expect(same(await pair.disk.read(0, SECTOR), image.content.subarray(0, SECTOR))).toBe(true);
  });
});
