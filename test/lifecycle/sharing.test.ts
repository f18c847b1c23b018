// SPDX-License-Identifier: Apache-2.0
import { linkSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { startXend } from '../support/xend.ts';

type Mode = 'r' | 'w' | 'w!';

/** A supervisor with one image and its first user, the domain `first` that has it as xvda in `mode`. */
async function start(mode: Mode) {
  const xend = await startXend();
  const file = xend.file('shared.img', new Uint8Array(64 * 1024));
  await xend.create({ name: 'first', disks: [{ file, dev: 'xvda', mode }] });
  return { xend, file };
}

const inUse = (file: string, use: string, by = 'domain first (xvda)') => `file:${file} is in ${use} use by ${by}`;

describe('who may have a disk that another domain has', () => {
  // The rule of spec/xend.md 2.5: one writer, or several readers; w! goes in always and counts as a writer then.
  const table: readonly (readonly [first: Mode, second: Mode, use: string | undefined])[] = [
    ['r', 'r', undefined],
    ['r', 'w', 'read-only'],
    ['r', 'w!', undefined],
    ['w', 'r', 'writable'],
    ['w', 'w', 'writable'],
    ['w', 'w!', undefined],
    ['w!', 'r', 'writable'],
    ['w!', 'w', 'writable'],
    ['w!', 'w!', undefined],
  ];

  test.each(table)('first %s, then %s', async (first, second, use) => {
    const { xend, file } = await start(first);
    await using _ = xend;
    const created = xend.create({ name: 'second', disks: [{ file, dev: 'xvdb', mode: second }] });
    if (use === undefined) await created;
    else {
      await expect(created).rejects.toMatchObject({ code: 'EBUSY', message: inUse(file, use) });
      expect(await xend.info('second')).toBeUndefined();
      // Refused in the same words when it is hot added.
      await xend.create({ name: 'second' });
      await expect(xend.attachDisk('second', file, 'xvdb', second)).rejects.toThrow(inUse(file, use));
      expect((await xend.call('device.list', { domain: 'second', class: 'vbd' })).devices).toEqual([]);
    }
  });
});

test('another spelling of the path is the same disk', async () => {
  const { xend, file } = await start('w');
  await using _ = xend;
  const link = join(xend.directory, 'link.img');
  const hard = join(xend.directory, 'hard.img');
  symlinkSync(file, link);
  linkSync(file, hard);
  await xend.create({ name: 'second' });
  for (const other of [link, hard, `${xend.directory}/../${file.slice('/tmp/'.length)}`]) {
    await expect(xend.attachDisk('second', other, 'xvdb', 'w')).rejects.toMatchObject({ code: 'EBUSY' });
  }
  const { devices } = await xend.call('device.list', { domain: 'second' });
  expect(devices.map((device) => device.class)).toEqual(['console']);
});

test('one domain does not get a disk twice either', async () => {
  const { xend, file } = await start('w');
  await using _ = xend;
  await expect(xend.attachDisk('first', file, 'xvdb', 'r')).rejects.toThrow(inUse(file, 'writable'));
});

test('a disk is free when its domain lets go, in whatever way', async () => {
  const { xend, file } = await start('w');
  await using _ = xend;
  await xend.create({ name: 'second' });
  const take = (dev: string) => xend.attachDisk('second', file, dev, 'w');
  const give = (dev: string) => xend.detachDisk('second', dev);
  await expect(take('xvdb')).rejects.toMatchObject({ code: 'EBUSY' });
  await xend.detachDisk('first', 'xvda');
  await take('xvdb');
  await give('xvdb');

  await xend.attachDisk('first', file, 'xvda', 'w');
  await xend.call('domain.destroy', { domain: 'first' });
  await take('xvdc');
  await give('xvdc');

  await xend.create({ name: 'first', disks: [{ file, dev: 'xvda', mode: 'w' }] });
  await xend.call('domain.shutdown', { domain: 'first', reason: 'poweroff', wait: true });
  await take('xvdd');
  await give('xvdd');

  await xend.create({ name: 'first', disks: [{ file, dev: 'xvda', mode: 'w' }], onCrash: 'preserve' });
  using terminal = await xend.shell('first');
  terminal.type('crash\r');
  await terminal.closed;
  await expect.poll(() => take('xvde').then(() => 'taken', String), { timeout: 20_000 }).toBe('taken');
});

test('what was refused or failed holds nothing', async () => {
  await using xend = await startXend();
  const file = xend.file('disk.img', new Uint8Array(4096));
  const odd = xend.file('odd.img', new Uint8Array(1000));
  await xend.create({ name: 'guest' });
  // The second disk of this domain cannot be, so that it has neither.
  const both = [
    { file, dev: 'xvda', mode: 'w' as const },
    { file: odd, dev: 'xvdb', mode: 'w' as const },
  ];
  await expect(xend.create({ name: 'broken', disks: both })).rejects.toThrow('not a multiple of 512');
  await expect(xend.attachDisk('guest', odd, 'xvdb', 'w')).rejects.toThrow('not a multiple of 512');
  await xend.attachDisk('guest', file, 'xvda', 'w');
  xend.file('odd.img', new Uint8Array(1024));
  await xend.attachDisk('guest', odd, 'xvdb', 'w');
});

test('two readers read the same, and neither can write', async () => {
  const { xend, file } = await start('r');
  await using _ = xend;
  await xend.create({ name: 'second', disks: [{ file, dev: 'xvda' }] });
  using first = await xend.shell('first');
  using second = await xend.shell('second');
  const before = await first.run('sum xvda');
  expect(await second.run('sum xvda')).toBe(before);
  expect(await second.run('write xvda 0 x')).toMatch(
    /^Error: xvda: writing 512 bytes failed: it is attached read-only/,
  );
  expect(await first.run('sum xvda')).toBe(before);
});

test('of several that want to write at the same time one does', async () => {
  await using xend = await startXend();
  const file = xend.file('disk.img', new Uint8Array(4096));
  const names = ['a', 'b', 'c', 'd'];
  const outcomes = await Promise.allSettled(
    names.map((name) => xend.create({ name, disks: [{ file, dev: 'xvda', mode: 'w' }] })),
  );
  const failed = outcomes.filter((outcome) => outcome.status === 'rejected');
  expect(failed.length).toBe(3);
  for (const { reason } of failed) expect(reason).toMatchObject({ code: 'EBUSY' });
  expect(xend.xend.hv.domids().length).toBe(2);
});
