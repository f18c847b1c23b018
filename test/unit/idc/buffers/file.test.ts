// SPDX-License-Identifier: Apache-2.0
import { fstatSync, readSync, writeSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { PAGE_SIZE } from '../../../../src/hv/contract.ts';
import { slice } from '../../../../src/idc/buffers/local-buffer.ts';
import { pagesOf } from '../../../../src/idc/buffers/pages.ts';
import { STACK_BYTES } from '../../../../src/idc/buffers/stack.ts';
import { copied, createRig, createStore, look, pattern, type Rig, run } from './makers.ts';

/** More than files and pages exchange at once. */
const LONG = 300 * PAGE_SIZE + 77;

let rig: Rig;

beforeEach(() => {
  rig = createRig(1200);
});

afterEach(() => {
  expect(rig.store.check()).toEqual([]);
  rig[Symbol.dispose]();
});

const seen = (buffer: Parameters<typeof look>[2]) => look(rig.types, rig.bytes, buffer);

function fileWith(content: Uint8Array): number {
  const fd = rig.openFile();
  writeSync(fd, content, 0, content.length, 0);
  return fd;
}

function contentOf(fd: number): Uint8Array {
  const content = new Uint8Array(fstatSync(fd).size);
  readSync(fd, content, 0, content.length, 0);
  return content;
}

describe('a file and pages', () => {
  test.each([0, 1, 4095])('a long range at %d of the first page, there and back', async (start) => {
    const { types, file, pool } = rig;
    const fd = fileWith(pattern(LONG));
    const cache = pool.alloc(LONG - 3, start)!;
    await copied(types, file.of(fd, 3, LONG - 3), cache);
    expect(await seen(cache)).toEqual(pattern(LONG).subarray(3));
    const out = rig.openFile();
    await copied(types, cache, file.of(out, 1, LONG - 3));
    const written = contentOf(out);
    expect(written.subarray(1)).toEqual(pattern(LONG).subarray(3));
    expect(written[0]).toBe(0);
  });

  test.each([
    [PAGE_SIZE + 1, 0],
    [2, PAGE_SIZE - 1],
    [1, 0],
  ])('%d bytes at %d of the first page: the last page has one byte', async (length, start) => {
    const { types, file, pool } = rig;
    const buffer = pool.alloc(length, start)!;
    await copied(types, file.of(fileWith(pattern(length)), 0, length), buffer);
    const out = rig.openFile();
    await copied(types, buffer, file.of(out, 0, length));
    expect(contentOf(out)).toEqual(pattern(length));
  });

  test('a transfer that fails leaves no page behind', async () => {
    const { types, file, pages, bytes } = rig;
    const store = createStore(pages);
    const buffer = store.pool(2).alloc(2 * PAGE_SIZE)!;
    for (const fd of [9999, -1]) await run(types, 'copy', file.of(fd, 0, buffer.length), buffer);
    expect(store.usage().pages).toBe(0);
    await copied(types, bytes.of(pattern(buffer.length)), buffer);
    for (const fd of [9999, -1]) await run(types, 'copy', buffer, file.of(fd, 0, buffer.length));
    expect(store.usage()).toMatchObject({ pages: 2, references: 2 });
  });

  test.each([1, STACK_BYTES, 3 * STACK_BYTES + 5])(
    '%i bytes to and from pages that the operating system may not have',
    async (length) => {
      const { types, file, pages } = rig;
      const store = createStore(pages, false);
      const buffer = store.pool(100).alloc(length, 77)!;
      await copied(types, file.of(fileWith(pattern(length)), 0, length), buffer);
      expect(await seen(buffer)).toEqual(pattern(length));
      const out = rig.openFile();
      await copied(types, buffer, file.of(out, 0, length));
      expect(contentOf(out)).toEqual(pattern(length));
      const short = fileWith(pattern(length - 1, 2));
      const { error, bytes } = await run(types, 'copy', file.of(short, 0, length), buffer);
      expect([(error as { code: string }).code, bytes]).toEqual(['EIO', length - 1]);
      expect((await seen(buffer)).subarray(0, bytes)).toEqual(pattern(length - 1, 2));
      expect(store.check()).toEqual([]);
    },
  );

  test('read once, shared many times: the sendfile case without a look at the data', async () => {
    const { types, file, pool } = rig;
    const cache = pool.alloc(4 * PAGE_SIZE)!;
    await copied(types, file.of(fileWith(pattern(4 * PAGE_SIZE)), 0, 4 * PAGE_SIZE), cache);
    const guest = pool.alloc(4 * PAGE_SIZE)!;
    await copied(types, cache, guest);
    expect(pagesOf(guest).page(3)).toMatchObject({ references: 2 });
    const out = rig.openFile();
    await copied(types, guest, file.of(out, 0, guest.length));
    expect(contentOf(out)).toEqual(pattern(4 * PAGE_SIZE));
  });

  test('pages never written are written to a file as zeros', async () => {
    const { types, file, pool } = rig;
    const out = fileWith(pattern(3 * PAGE_SIZE));
    await copied(types, pool.alloc(2 * PAGE_SIZE + 5)!, file.of(out, 0, 2 * PAGE_SIZE + 5));
    const expected = pattern(3 * PAGE_SIZE).fill(0, 0, 2 * PAGE_SIZE + 5);
    expect(contentOf(out)).toEqual(expected);
  });

  test('who shared the target before a read is not changed by it, and sees none of it while it runs', async () => {
    const { types, file, pool, bytes } = rig;
    const target = pool.alloc(8 * PAGE_SIZE)!;
    await copied(types, bytes.of(pattern(8 * PAGE_SIZE, 9)), target);
    const before = pool.alloc(8 * PAGE_SIZE)!;
    await copied(types, target, before);
    const reading = run(types, 'copy', file.of(fileWith(pattern(8 * PAGE_SIZE)), 0, 8 * PAGE_SIZE), target);
    const during = pool.alloc(8 * PAGE_SIZE)!;
    await copied(types, target, during);
    expect(rig.store.check()).toEqual([]);
    expect(await reading).toEqual({ error: undefined, bytes: 8 * PAGE_SIZE });
    expect(await seen(target)).toEqual(pattern(8 * PAGE_SIZE));
    expect(await seen(before)).toEqual(pattern(8 * PAGE_SIZE, 9));
    expect(await seen(during)).toEqual(pattern(8 * PAGE_SIZE, 9));
  });

  test('a target freed while a file is read into it: an error, and nobody gets the data', async () => {
    const { types, file, pool } = rig;
    const target = pool.alloc(8 * PAGE_SIZE)!;
    const reading = run(types, 'copy', file.of(fileWith(pattern(8 * PAGE_SIZE)), 0, 8 * PAGE_SIZE), target);
    pool.free(target);
    const next = pool.alloc(8 * PAGE_SIZE)!;
    expect(await reading).toEqual({ error: expect.objectContaining({ code: 'EBADF' }), bytes: 0 });
    expect((await seen(next)).some((byte) => byte !== 0)).toBe(false);
  });

  test('a source written or freed while a file is written from it: the file gets what was there', async () => {
    const { types, file, pool, bytes } = rig;
    const source = pool.alloc(8 * PAGE_SIZE)!;
    await copied(types, bytes.of(pattern(8 * PAGE_SIZE)), source);
    const out = rig.openFile();
    const writing = run(types, 'copy', source, file.of(out, 0, 8 * PAGE_SIZE));
    await copied(types, bytes.of(new Uint8Array(8 * PAGE_SIZE).fill(0xee)), source);
    pool.free(source);
    await copied(types, bytes.of(new Uint8Array(8 * PAGE_SIZE).fill(0xdd)), pool.alloc(8 * PAGE_SIZE)!);
    expect(rig.store.check()).toEqual([]);
    expect((await writing).error).toBeUndefined();
    expect(contentOf(out)).toEqual(pattern(8 * PAGE_SIZE));
  });

  test('a source freed during a move: the file is complete, and the move says that there is nothing to give up', async () => {
    const { types, file, pool, bytes } = rig;
    const source = pool.alloc(PAGE_SIZE)!;
    await copied(types, bytes.of(pattern(PAGE_SIZE)), source);
    const out = rig.openFile();
    const moving = run(types, 'move', source, file.of(out, 0, PAGE_SIZE));
    pool.free(source);
    expect(await moving).toEqual({ error: expect.objectContaining({ code: 'EBADF' }), bytes: PAGE_SIZE });
    expect(contentOf(out)).toEqual(pattern(PAGE_SIZE));
  });

  test('a move from pages to a file gives the pages back', async () => {
    const { types, file, pool, bytes } = rig;
    const source = pool.alloc(4 * PAGE_SIZE)!;
    await copied(types, bytes.of(pattern(4 * PAGE_SIZE)), source);
    const out = rig.openFile();
    expect((await run(types, 'move', source, file.of(out, 0, source.length))).error).toBeUndefined();
    expect(pagesOf(source).page(0)).toBeUndefined();
    expect(contentOf(out)).toEqual(pattern(4 * PAGE_SIZE));
  });
});

describe('files that are not as they should be', () => {
  const SHORT = 3 * PAGE_SIZE + 9;

  test.each(['bytes', 'shared bytes', 'pages', 'reversed', 'file'])('too short for a copy to %s', async (kind) => {
    const target = await rig.make[kind]!(new Uint8Array(LONG), 0);
    const source = rig.file.of(fileWith(pattern(SHORT)), 0, LONG);
    const { error, bytes } = await run(rig.types, 'copy', source, target.buffer);
    expect(error).toMatchObject({ code: 'EIO' });
    expect(bytes).toBeLessThanOrEqual(SHORT);
    expect((await target.content()).subarray(0, bytes)).toEqual(pattern(SHORT).subarray(0, bytes));
  });

  test('the bytes that direct copies did are all counted', async () => {
    const source = rig.file.of(fileWith(pattern(SHORT)), 0, LONG);
    for (const kind of ['bytes', 'pages']) {
      const { buffer } = await rig.make[kind]!(new Uint8Array(LONG));
      expect((await run(rig.types, 'copy', source, buffer)).bytes).toBe(SHORT);
    }
  });

  test.each([
    ['closed', 9999, 'EBADF'],
    ['no descriptor', -1, 'ERR_OUT_OF_RANGE'],
  ])('%s', async (_name, fd, code) => {
    const wrong = rig.file.of(fd, 0, PAGE_SIZE);
    for (const kind of ['bytes', 'pages', 'reversed', 'stack']) {
      const { buffer } = await rig.make[kind]!(pattern(PAGE_SIZE));
      expect(await run(rig.types, 'copy', wrong, buffer)).toMatchObject({ error: { code }, bytes: 0 });
      expect(await run(rig.types, 'copy', buffer, wrong)).toMatchObject({ error: { code }, bytes: 0 });
    }
  });
});

test('positions beyond 4 GiB', async () => {
  const { types, file, bytes, pool } = rig;
  const fd = rig.openFile();
  const at = 2 ** 32 + 123;
  await copied(types, bytes.of(pattern(5000)), file.of(fd, at, 5000));
  const range = file.of(fd, at - 10, 5010);
  const target = pool.alloc(5000)!;
  await copied(types, slice(range, 10), target);
  expect(await seen(target)).toEqual(pattern(5000));
  expect(fstatSync(fd).size).toBe(at + 5000);
});
