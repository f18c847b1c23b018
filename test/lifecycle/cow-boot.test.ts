// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { totalmem } from 'node:os';
import { resolve } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { makeDemoImage } from '../../scripts/image.ts';
import { startXend, type TestXend } from '../support/xend.ts';

const configs = resolve(import.meta.dirname, '../../configs');
const image = resolve(configs, 'demo.img');
const text = readFileSync(resolve(configs, 'cow-boot.sxp'), 'utf8');
/** What each reads, in pages. */
const PAGES = 2048;
const PAGE = 4096;

const md5 = (bytes: Uint8Array): string => createHash('md5').update(bytes).digest('hex');

async function create(xend: TestXend, name: string, more = '', of = text): Promise<void> {
  const own = of.replace('(name cow-boot)', `(name ${name})`).replace("size=8388608'", `size=8388608${more}'`);
  await xend.call('domain.create', { text: own, file: 'cow-boot.sxp', directory: configs, paused: false });
}

async function said(xend: TestXend, name: string, words: string): Promise<string> {
  using terminal = await xend.open(name);
  return await terminal.readUntil(words);
}

test('[24] many domains that read the same image share one copy; what one writes is its own page', async () => {
  makeDemoImage();
  const content = readFileSync(image);
  const start = content.subarray(0, PAGES * PAGE);
  await using xend = await startXend();
  const { hv } = xend.xend;
  const names = Array.from({ length: 50 }, (_, index) => `boot-${index + 1}`);
  for (const name of names) await create(xend, name);
  for (const name of names) expect(await said(xend, name, 'bytes')).toContain(md5(start));

  // The cache of the back end is one of those that have them.
  const references = (names.length + 1) * PAGES;
  expect(hv.checkFrames()).toEqual([]);
  expect(hv.frameUsage()).toEqual({ pages: PAGES, references, shared: PAGES, saved: names.length * PAGES });
  expect(await xend.call('node.info', {})).toMatchObject({ hidden_pages: PAGES, saved_pages: names.length * PAGES });

  await create(xend, 'writer', ' write=7');
  const written = Uint8Array.from(start);
  const domid = (await xend.info('writer'))!.domid;
  written.fill(domid, 7 * PAGE, 7 * PAGE + 512);
  const words = await said(xend, 'writer', 'written');
  expect(words).toContain(md5(start));
  expect(words).toContain(md5(written));
  // Its disk and its memory share this one with each other.
  expect(hv.frameUsage()).toMatchObject({ pages: PAGES + 1, shared: PAGES + 1 });
  await create(xend, 'later');
  expect(await said(xend, 'later', 'bytes')).toContain(md5(start));
  expect(hv.frameUsage().pages).toBe(PAGES + 1);

  for (const name of [...names, 'writer']) await xend.call('domain.destroy', { domain: name });
  await expect.poll(() => hv.frameUsage()).toMatchObject({ pages: PAGES, references: 2 * PAGES });
  expect(hv.checkFrames()).toEqual([]);
  await xend.call('domain.destroy', { domain: 'later' });
  await expect.poll(() => hv.frameUsage().pages).toBe(0);
  expect(readFileSync(image).equals(content)).toBe(true);
});

/** MB of each: less than the sample has, so that most machines have room for a thousand. */
const SMALL = 7;

test.skipIf(totalmem() < 1000 * SMALL * 2 ** 20)(
  '[24] a thousand domains have one copy of what they read',
  async () => {
    makeDemoImage();
    await using xend = await startXend();
    const { hv } = xend.xend;
    const [count, pages] = [1000, 256];
    const own = text.replace('(memory 22)', `(memory ${SMALL})`).replace('size=8388608', `size=${pages * PAGE}`);
    for (let number = 1; number <= count; number++) await create(xend, `boot-${number}`, '', own);
    const all = { pages, references: (count + 1) * pages, shared: pages, saved: count * pages };
    await expect.poll(() => hv.frameUsage(), { timeout: 60_000 }).toEqual(all);
    expect(hv.checkFrames()).toEqual([]);
  },
  240_000,
);

test.each(['shared', 'dedicated'])(
  'domains (pool %s) that are destroyed while they read leave nothing',
  async (pool) => {
    makeDemoImage();
    await using xend = await startXend();
    const { hv } = xend.xend;
    const own = text.replace('(pool shared)', `(pool ${pool})`);
    for (let number = 0; number < 8; number++) {
      await create(xend, 'short', '', own);
      // Its kernel begins now; each time it gets a little further.
      for (let turn = 0; turn < number * number; turn++) await nextTurn();
      await xend.call('domain.destroy', { domain: 'short' });
    }
    await create(xend, 'last', '', own);
    expect(await said(xend, 'last', 'bytes')).toContain(md5(readFileSync(image).subarray(0, PAGES * PAGE)));
    expect(hv.checkFrames()).toEqual([]);
    expect(hv.frameUsage()).toMatchObject({ pages: PAGES, references: 2 * PAGES });
    await xend.call('domain.destroy', { domain: 'last' });
    await expect.poll(() => hv.frameUsage().pages).toBe(0);
  },
);

test('a base is anybody’s to read, and nobody’s to write', async () => {
  await using xend = await startXend();
  const file = xend.file('base.img', new Uint8Array(64 * 1024));
  const cow = { uname: `cow:${file}`, dev: 'xvda', mode: 'w' };
  for (const name of ['one', 'two', 'three']) await xend.create({ name });
  await xend.attach('one', 'vbd', cow);
  await xend.attach('two', 'vbd', cow);
  await xend.attachDisk('two', file, 'xvdb', 'r');
  await expect(xend.attachDisk('three', file, 'xvdb', 'w')).rejects.toMatchObject({ code: 'EBUSY' });

  using shell = await xend.shell('one');
  await shell.run('write xvda 0 hello');
  expect(await shell.run('read xvda 0 5')).toContain('hello');
  // Detached and attached again it is as the base is.
  await xend.detachDisk('one', 'xvda');
  await xend.attach('one', 'vbd', cow);
  expect(await shell.run('read xvda 0 5')).not.toContain('hello');

  await xend.detachDisk('one', 'xvda');
  await xend.detachDisk('two', 'xvda');
  await xend.detachDisk('two', 'xvdb');
  await xend.attachDisk('three', file, 'xvdb', 'w');
  await expect(xend.attach('one', 'vbd', cow)).rejects.toMatchObject({ code: 'EBUSY' });
});

test('a driver domain serves such disks from its own memory', async () => {
  await using xend = await startXend();
  const file = xend.file('base.img', new Uint8Array(64 * 1024).fill(0x61));
  await xend.create({ name: 'driver', backends: ['vbd'], memory: 32 });
  for (const name of ['one', 'two']) {
    await xend.create({ name });
    await xend.attach(name, 'vbd', { uname: `cow:${file}`, dev: 'xvda', mode: 'w', backend: 'driver' });
  }
  using one = await xend.shell('one');
  using two = await xend.shell('two');
  await one.run('write xvda 0 hello');
  expect(await one.run('read xvda 0 8')).toContain('helloaaa');
  expect(await two.run('read xvda 0 8')).toContain('aaaaaaaa');
  await xend.call('domain.destroy', { domain: 'driver' });
  await expect.poll(() => xend.xend.hv.frameUsage().pages).toBe(0);
  expect(await two.run('read xvda 0 8')).toContain('Error');
});
