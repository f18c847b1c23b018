// SPDX-License-Identifier: Apache-2.0
import { closeSync, openSync, readdirSync, readlinkSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { BLK_STATUS } from '../../../../src/devices/vbd/contract.ts';
import { openFailure, statusOf } from '../../../../src/devices/vbd/failure.ts';
import { type Done, imageOf, openImage } from '../../../../src/devices/vbd/image.ts';
import { tempImage } from '../../../support/vbd-pair.ts';

const open = (path: string, writable = true) => openImage({ uname: `file:${path}`, dev: 'xvda', writable });
const outcome = (begin: (done: Done) => void) => new Promise<unknown>((resolve) => begin(resolve));

/** Paths of the files that this process has open. */
function openPaths(): readonly string[] {
  return readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      return [readlinkSync(`/proc/self/fd/${fd}`)];
    } catch {
      // Closed since it was listed; other tests run in this process.
      return [];
    }
  });
}

describe('opening an image', () => {
  test('tells its size in sectors and whether it may be written', async () => {
    using file = tempImage(3 * 512);
    for (const writable of [true, false]) {
      const image = await open(file.path, writable);
      expect(image).toMatchObject({ sectors: 3, readonly: !writable });
      await image.close();
    }
  });

  test.each([
    [0, 'it is empty'],
    [511, 'its size, 511 bytes, is not a multiple of 512'],
    [1025, 'its size, 1025 bytes, is not a multiple of 512'],
  ])('a file of %i bytes is refused', async (size, why) => {
    using file = tempImage(size);
    await expect(open(file.path)).rejects.toMatchObject({
      name: 'XmError',
      code: 'EINVAL',
      message: `vbd: xvda cannot be file:${file.path}: ${why}`,
    });
  });

  test.each([
    ['/nowhere/x.img', true, 'ENOENT', /^vbd: Segment not found: uname=file:\/nowhere\/x\.img \(for xvda\)$/],
    ['/', true, 'EISDIR', /^vbd: cannot open file:\/ for writing \(for xvda\): it is a directory$/],
    ['/', false, 'EINVAL', /it is a directory$/],
    ['/dev/null', false, 'EINVAL', /it is neither a file nor a block device$/],
  ])('%s is refused (writable: %s)', async (path, writable, code, message) => {
    await expect(open(path, writable)).rejects.toMatchObject({
      name: 'XmError',
      code,
      message: expect.stringMatching(message),
    });
  });

  test.each([
    ['EACCES', 'permission denied'],
    ['EROFS', 'its file system is read-only'],
    ['ETXTBSY', 'it is a program that runs'],
    ['EFOO', 'foo happened'],
  ])('what %s means is said, and how to get along without writing', (code, why) => {
    const error = Object.assign(new Error('foo happened'), { code });
    expect(openFailure(error, { uname: 'file:/x', dev: 'xvdb', writable: true })).toMatchObject({
      code,
      message: `vbd: cannot open file:/x for writing (for xvdb): ${why}`,
      hint: '(mode r) attaches it without writing',
    });
    expect(openFailure(error, { uname: 'file:/x', dev: 'xvdb', writable: false }).hint).toBeUndefined();
  });

  test('a refused one leaves no open file behind', async () => {
    using file = tempImage(100);
    await expect(open(file.path)).rejects.toThrow();
    expect(openPaths()).not.toContain(file.path);
    const fd = openSync(file.path, 'r');
    expect(openPaths()).toContain(file.path);
    closeSync(fd);
  });
});

describe('using an image', () => {
  test('a file that was cut off meanwhile is a failure, not an endless loop', async () => {
    using file = tempImage(1024);
    const image = imageOf(openSync(file.path, 'r'), 100, true);
    const bytes = new Uint8Array(1024);
    expect(await outcome((done) => image.read(bytes, 512, done))).toBeInstanceOf(Error);
    expect(bytes.subarray(0, 512)).toEqual(file.content.subarray(512));
    await image.close();
  });

  test('is done at once while that is fast, and by other threads for a time after it was slow', async () => {
    using file = tempImage(1024);
    let time = 0;
    let step = 0;
    const now = (): number => {
      time += step;
      return time;
    };
    const image = imageOf(openSync(file.path, 'r+'), 2, false, now);
    const bytes = new Uint8Array(512);

    /** Whether it was done when the call returned. */
    async function atOnce(write: boolean): Promise<boolean> {
      let ended = false;
      const pending = outcome((done) => {
        const end: Done = (error) => {
          ended = true;
          done(error);
        };
        if (write) image.write(bytes, 512, end);
        else image.read(bytes, 512, end);
      });
      const atReturn = ended;
      expect(await pending).toBeNull();
      expect(bytes).toEqual(file.content.subarray(512));
      return atReturn;
    }

    expect(await atOnce(false)).toBe(true);
    expect(await atOnce(true)).toBe(true);
    step = 10;
    expect(await atOnce(false)).toBe(true);
    step = 0;
    expect(await atOnce(false)).toBe(false);
    expect(await atOnce(true)).toBe(false);
    time += 1000;
    expect(await atOnce(true)).toBe(true);
    await image.close();
  });

  test('zeros are written in steps, up to the last byte and no further', async () => {
    const size = 1024 * 1024;
    using file = tempImage(size);
    const image = await open(file.path);
    expect(await outcome((done) => image.zero(512, size - 1024, done))).toBeNull();
    const after = new Uint8Array(size);
    expect(await outcome((done) => image.read(after, 0, done))).toBeNull();
    expect(Buffer.compare(after, new Uint8Array(file.content).fill(0, 512, size - 512))).toBe(0);
    await image.close();
  });

  test('a full disk is told from a broken one', async () => {
    const full = imageOf(openSync('/dev/full', 'r+'), 1000, false);
    const bytes = new Uint8Array(512);
    expect(statusOf(await outcome((done) => full.write(bytes, 0, done)))).toBe(BLK_STATUS.noSpace);
    expect(statusOf(await outcome((done) => full.zero(0, 512 * 1000, done)))).toBe(BLK_STATUS.noSpace);
    // There is nothing behind it that could be brought to stable storage.
    expect(statusOf(await outcome((done) => full.sync(done)))).toBe(BLK_STATUS.error);
    await full.close();
  });
});
