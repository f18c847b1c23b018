// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { createGuestFile } from '../../../src/xend/guest-file.ts';
import { readGuestFile } from '../../../src/xend/guest-file-read.ts';

const directory = mkdtempSync('/tmp/xt-');
afterAll(() => rmSync(directory, { recursive: true }));

const LIMITS = { config: 1000, state: 10_000 };
const path = join(directory, 'file');
const bytes = (text: string) => new TextEncoder().encode(text);
const read = () => readGuestFile(path, 'save', LIMITS);

async function write(config: Uint8Array, state: readonly Uint8Array[]): Promise<void> {
  await using file = await createGuestFile(path, 'save');
  await file.write({ config: [config], state });
  file.keep();
}

/** A good file, changed. */
async function writeChanged(change: (file: Buffer) => Uint8Array): Promise<void> {
  await write(bytes('(vm)'), [bytes('some '), bytes('state')]);
  writeFileSync(path, change(readFileSync(path)));
}

describe('a file of a domain', () => {
  test('is read as it was written, and is for its owner', async () => {
    const shared = new Uint8Array(new SharedArrayBuffer(3)).fill(7);
    await write(bytes('(vm)'), [bytes('ab'), new Uint8Array(0), shared]);
    expect(await read()).toEqual({ config: Buffer.from('(vm)'), state: Buffer.from('ab\x07\x07\x07') });
    expect(readdirSync(directory)).toEqual(['file']);
    await write(bytes(''), []);
    expect(await read()).toEqual({ config: Buffer.alloc(0), state: Buffer.alloc(0) });
  });

  test('is not there, and the one before stays, until it is complete', async () => {
    await write(bytes('first'), []);
    {
      await using file = await createGuestFile(path, 'save');
      await file.write({ config: [bytes('second')], state: [] });
      expect(String((await read()).config)).toBe('first');
    }
    expect(readdirSync(directory)).toEqual(['file']);
    expect(String((await read()).config)).toBe('first');
  });

  test('is not half written on a full disk', async () => {
    await write(bytes('first'), []);
    const module = new URL('../../../src/xend/guest-file.ts', import.meta.url).href;
    const script = `const { createGuestFile } = await import('${module}');
      try {
        await using file = await createGuestFile('${path}', 'save');
        await file.write({ config: [new Uint8Array(1e6)], state: [] });
        file.keep();
      } catch (error) { console.log(error.message); }`;
    const printed = execFileSync(
      'sh',
      ['-c', 'ulimit -f 8; exec "$0" --input-type=module -e "$1"', process.execPath, script],
      { encoding: 'utf8' },
    );
    expect(printed).toBe(`Cannot write the file "${path}": file too large\n`);
    expect(readdirSync(directory)).toEqual(['file']);
    expect(String((await read()).config)).toBe('first');
  });

  test.each<[string, string, string]>([
    ['a directory', '/tmp', 'it is a directory'],
    ['a device', '/dev/full', 'there is something that is no file'],
    ['nowhere', '/tmp/no/such/place', 'no such file or directory'],
  ])('is not written to %s', async (_what, place, why) => {
    await expect(createGuestFile(place, 'save')).rejects.toThrow(`Cannot write the file "${place}": ${why}`);
  });
});

describe('what is no such file is told with its place', () => {
  test.each<[string, (file: Buffer) => Uint8Array, string]>([
    ['empty', () => Buffer.alloc(0), 'byte 0: there is no signature'],
    ['foreign', () => Buffer.from('#!/bin/sh\nexit 0\n'), 'byte 0: there is no signature'],
    ['cut in the header', (file) => file.subarray(0, 15), 'byte 15: the file ends here, within its header'],
    ['cut in the table', (file) => file.subarray(0, 30), 'byte 30: the file ends here, within its table of sections'],
    ['cut in a section', (file) => file.subarray(0, 60), 'byte 60: the file ends here, within section state'],
    ['cut at the end', (file) => file.subarray(0, -1), `byte 97: the file ends here, within its checksum`],
    ['longer', (file) => Buffer.concat([file, Buffer.from('x')]), 'byte 98: 1 bytes follow where its end should be'],
    ['newer', (file) => file.fill(2, 11, 12), 'byte 8: it is of format 2, this xm knows format 1'],
    [
      'a core',
      (file) => Buffer.from(file.toString('latin1').replace('save', 'core'), 'latin1'),
      'byte 12: it is a core, not a saved domain',
    ],
    ['of sections', (file) => file.fill(3, 19, 20), 'byte 16: it has 3 sections, not 2'],
    [
      'of other sections',
      (file) => file.fill('x', 20, 21),
      'byte 20: there is "xonfig" where section config should be',
    ],
    ['too large', (file) => file.fill(1, 28, 29), 'bytes, 1000 are the most'],
    ['damaged', (file) => file.fill('T', 57, 58), 'byte 66: its checksum does not fit what is before: it is damaged'],
  ])('%s', async (_what, change, message) => {
    await writeChanged(change);
    await expect(read()).rejects.toThrow(`Not a valid guest state file, "${path}": byte `);
    await expect(read()).rejects.toThrow(message);
  });

  test.each([
    ['/tmp/nosuch.save', 'no such file or directory'],
    ['/tmp', 'it is a directory'],
    ['/dev/zero', 'it is no file'],
  ])('%s', async (place, why) => {
    await expect(readGuestFile(place, 'save', LIMITS)).rejects.toThrow(`Cannot read the file "${place}": ${why}`);
  });

  test('whatever byte is another one', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.integer({ min: 1, max: 255 }), async (at, flip) => {
        await writeChanged((file) => {
          file[at % file.length]! ^= flip;
          return file;
        });
        await expect(read()).rejects.toThrow(/byte \d+: /);
      }),
      { numRuns: 100 },
    );
  });
});
