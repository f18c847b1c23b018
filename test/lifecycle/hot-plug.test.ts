// SPDX-License-Identifier: Apache-2.0
import { createHash, randomBytes } from 'node:crypto';
import { closeSync, ftruncateSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { blockTable } from '../../src/cli/format/devices.ts';
import { devName } from '../../src/devices/vbd/names.ts';
import { seededRandom } from '../support/random.ts';
import type { Terminal } from '../support/terminal.ts';
import { eventually } from '../support/until.ts';
import { OWN_RINGS, startXend, type TestXend } from '../support/xend.ts';

const md5 = (bytes: Uint8Array) => createHash('md5').update(bytes).digest('hex');
/** A letter for each of ten disks. */
const DISKS = 'abcdefghij';

/** Disks that the guest's `ls` shows: their names, all of them connected. */
async function seenByGuest(terminal: Terminal): Promise<readonly string[]> {
  const rows = (await terminal.run('ls')).trimEnd().split('\n').slice(1);
  return rows
    .map((row) => row.trim().split(/\s+/))
    .filter(([, className]) => className === 'vbd')
    .map(([name, , , , state]) => `${name} ${state}`)
    .sort();
}

/** Disks that `xm block-list` shows, in the guest's words. */
async function seenByXm(xend: TestXend, domain: string): Promise<readonly string[]> {
  const { devices } = await xend.call('device.list', { domain, class: 'vbd' });
  const rows = blockTable(devices).trimEnd().split('\n').slice(1);
  return rows
    .map((row) => row.trim().split(/\s+/))
    .map(([vdev, , , state]) => `${devName(Number(vdev))} ${state === '4' ? 'connected' : state}`)
    .sort();
}

test('ten disks come and go in any order, and both sides see the same', async () => {
  await using xend = await startXend();
  const random = seededRandom(20261121);
  await xend.create({ name: 'guest', memory: 64 });
  using terminal = await xend.shell('guest');
  const disks = [...DISKS].map((letter) => {
    const content = randomBytes(64 * 1024);
    return { dev: `xvd${letter}`, file: xend.file(`${letter}.img`, content), sum: md5(content) };
  });
  const idle = xend.xend.hv.usage(1);
  const there = new Set<string>();
  // Each disk comes, goes and comes again, somewhere among the others.
  const steps = random.shuffle(disks.flatMap((disk) => [disk, disk, disk]));
  for (const { dev, file, sum } of steps) {
    if (there.delete(dev)) await xend.detachDisk('guest', dev);
    else {
      await xend.attachDisk('guest', file, dev);
      there.add(dev);
      expect(await terminal.run(`sum ${dev}`)).toBe(`${sum}  ${dev}\n`);
    }
    const expected = [...there].sort().map((name) => `${name} connected`);
    expect(await seenByGuest(terminal)).toEqual(expected);
    expect(await seenByXm(xend, 'guest')).toEqual(expected);
  }
  for (const { dev, sum } of disks) expect(await terminal.run(`sum ${dev}`)).toBe(`${sum}  ${dev}\n`);
  for (const { dev } of random.shuffle(disks)) await xend.detachDisk('guest', dev);
  expect(await seenByGuest(terminal)).toEqual([]);
  expect(xend.xend.hv.usage(1)).toEqual(idle);
});

test('a disk that is there is refused, under each of its names', async () => {
  await using xend = await startXend();
  const file = xend.file('disk.img', new Uint8Array(4096));
  const other = xend.file('other.img', new Uint8Array(4096));
  await xend.create({ name: 'guest', disks: [{ file, dev: 'xvda' }] });
  for (const dev of ['xvda', '/dev/xvda', '51712']) {
    await expect(xend.attachDisk('guest', other, dev)).rejects.toThrow('Device xvda is already connected.');
  }
  const twice = await Promise.allSettled([
    xend.attachDisk('guest', other, 'xvdb'),
    xend.attachDisk('guest', other, 'xvdb'),
  ]);
  expect(twice.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  using terminal = await xend.shell('guest');
  expect(await seenByGuest(terminal)).toEqual(['xvda connected', 'xvdb connected']);
});

test('what is not there cannot be taken away', async () => {
  await using xend = await startXend();
  const file = xend.file('disk.img', new Uint8Array(4096));
  await xend.create({ name: 'guest', disks: [{ file, dev: 'xvda' }] });
  for (const device of ['xvdb', '/dev/xvdb', '51728', 'nonsense', '']) {
    await expect(xend.detachDisk('guest', device)).rejects.toThrow(`Device ${device} not connected`);
  }
  await expect(xend.call('device.detach', { domain: 'guest', class: 'nic', device: 'xvda' })).rejects.toThrow(
    'nic is not a valid device type',
  );
  await expect(xend.detachDisk('nobody', 'xvda')).rejects.toMatchObject({ code: 'ENODOMAIN', exit: 3 });
  // Of two that take the same one away, both may say that it is gone; it is gone once.
  const twice = await Promise.allSettled([xend.detachDisk('guest', 'xvda'), xend.detachDisk('guest', 'xvda')]);
  expect(twice[0]!.status).toBe('fulfilled');
  await expect(xend.detachDisk('guest', 'xvda')).rejects.toThrow('Device xvda not connected');
});

test.each(['xvdb', '/dev/xvdb', '51728', '0xca10'])('a disk is taken away by the word %s', async (word) => {
  await using xend = await startXend();
  const file = xend.file('disk.img', new Uint8Array(4096));
  await xend.create({ name: 'guest' });
  using terminal = await xend.shell('guest');
  await xend.attachDisk('guest', file, 'xvdb');
  await xend.detachDisk('guest', word);
  expect(await seenByGuest(terminal)).toEqual([]);
  expect(await terminal.run('sum xvdb')).toMatch(/^Error: There is no device 'xvdb'/);
});

test('what fails to attach leaves nothing', async () => {
  await using xend = await startXend();
  await xend.create({ name: 'guest' });
  using terminal = await xend.shell('guest');
  const before = xend.xend.hv.usage(1);
  const odd = xend.file('odd.img', new Uint8Array(1000));
  await expect(xend.attachDisk('guest', odd, 'xvdb')).rejects.toThrow('not a multiple of 512');
  await expect(xend.attachDisk('guest', `${odd}.gone`, 'xvdb')).rejects.toThrow(`${odd}.gone`);
  await expect(xend.attachDisk('guest', xend.directory, 'xvdb')).rejects.toThrow('is a directory');
  await expect(xend.attachDisk('guest', odd, 'nonsense')).rejects.toThrow('names are like xvda');
  await expect(xend.attach('guest', 'vbd', { uname: `file:${odd}` })).rejects.toThrow("'dev'");
  expect((await xend.call('device.list', { domain: 'guest', class: 'vbd' })).devices).toEqual([]);
  expect(await seenByGuest(terminal)).toEqual([]);
  expect(xend.xend.hv.usage(1)).toEqual(before);
  const whole = xend.file('odd.img', new Uint8Array(1024));
  await xend.attachDisk('guest', whole, 'xvdb', 'w');
  expect(await terminal.run(`sum xvdb`)).toBe(`${md5(new Uint8Array(1024))}  xvdb\n`);
});

test('ten rounds of one disk cost nothing', async () => {
  await using xend = await startXend();
  const content = randomBytes(256 * 1024);
  const file = xend.file('disk.img', content);
  await xend.create({ name: 'guest' });
  using terminal = await xend.shell('guest');
  const round = async () => {
    await xend.attachDisk('guest', file, 'xvdb', 'w');
    expect(await terminal.run('sum xvdb')).toBe(`${md5(content)}  xvdb\n`);
    await xend.detachDisk('guest', 'xvdb');
    return [xend.xend.hv.usage(0), xend.xend.hv.usage(1), xend.xend.store.usage(0)];
  };
  // The first disk of a domain makes directories in the store that stay.
  const first = await round();
  for (let again = 0; again < 9; again++) await round();
  expect(await round()).toEqual(first);
});

test('disks that its memory does not allow leave nothing in a domain', async () => {
  await using xend = await startXend();
  const files = [...DISKS].map((letter) => xend.file(`${letter}.img`, new Uint8Array(4096)));
  await xend.create({ name: 'guest' });
  using terminal = await xend.shell('guest');
  const attachAll = () =>
    Promise.allSettled(files.map((file, at) => xend.attachDisk('guest', file, `xvd${DISKS[at]}`)));
  let there: readonly string[] = [];
  for (let round = 0; round < 2; round++) {
    const outcomes = await attachAll();
    const failed = outcomes.filter((outcome) => outcome.status === 'rejected');
    expect(failed.length).toBeGreaterThan(0);
    for (const { reason } of failed)
      expect(String(reason)).toMatch(/could not be connected\. \d+ pages asked for, \d+ of/);
    there = await seenByXm(xend, 'guest');
    expect(there.length).toBe(DISKS.length - failed.length);
    expect(await seenByGuest(terminal)).toEqual(there);
    for (const line of there) await xend.detachDisk('guest', line.split(' ')[0]!);
    const own = { extents: OWN_RINGS, grants: OWN_RINGS, ports: OWN_RINGS, mappings: 0 };
    expect(xend.xend.hv.usage(1)).toMatchObject(own);
  }
  expect(there.length).toBeGreaterThan(0);
});

test('a disk that is taken away under load ends the command, not the domain', async () => {
  await using xend = await startXend();
  // Far more than is read before the disk goes: a file of nothing but a hole.
  const file = sparse(xend, 8 * 2 ** 30);
  await xend.create({ name: 'guest' });
  using terminal = await xend.shell('guest');
  const idle = xend.xend.hv.usage(1);
  for (const command of ['sum xvdb', 'fill xvdb -s 1', 'copy xvdc xvdb']) {
    await xend.attachDisk('guest', file, 'xvdb', 'w');
    if (command.startsWith('copy')) await xend.attachDisk('guest', sparse(xend, 2 ** 30), 'xvdc');
    const result = terminal.run(command);
    await eventually(async () => (await vbdCounter(xend, 'rd')) + (await vbdCounter(xend, 'wr')) > 8);
    await xend.detachDisk('guest', 'xvdb');
    expect(await result).toMatch(/^Error: xvdb: (reading|writing) \d+ bytes failed: .*(ended|not connected)/);
    if (command.startsWith('copy')) await xend.detachDisk('guest', 'xvdc');
    expect(await seenByGuest(terminal)).toEqual([]);
    // Held by nobody any more: a whole one comes in its place.
    const content = randomBytes(4096);
    await xend.attachDisk('guest', xend.file('next.img', content), 'xvdb');
    expect(await terminal.run('sum xvdb')).toBe(`${md5(content)}  xvdb\n`);
    await xend.detachDisk('guest', 'xvdb');
  }
  expect(xend.xend.hv.usage(1)).toEqual(idle);
});

/** Sum of a counter of the disks of domain 1. */
async function vbdCounter(xend: TestXend, counter: string): Promise<number> {
  const { domains } = await xend.call('stats', {});
  return domains.find(({ domid }) => domid === 1)?.devices.vbd?.[counter] ?? 0;
}

function sparse(xend: TestXend, size: number): string {
  const path = join(xend.directory, `${size}.img`);
  const descriptor = openSync(path, 'w');
  ftruncateSync(descriptor, size);
  closeSync(descriptor);
  return path;
}

test('a paused guest keeps its disks, unless by force', async () => {
  await using xend = await startXend();
  const disks = ['xvda', 'xvdb'].map((dev) => ({ dev, file: xend.file(`${dev}.img`, new Uint8Array(4096)) }));
  await xend.create({ name: 'guest', disks });
  using terminal = await xend.shell('guest');
  await xend.call('domain.pause', { domain: 'guest' });
  await expect(xend.detachDisk('guest', 'xvda')).rejects.toThrow("Domain 'guest' is paused");
  await xend.call('device.detach', { domain: 'guest', class: 'vbd', device: 'xvda', force: true });
  expect(await seenByXm(xend, 'guest')).toEqual(['xvdb connected']);
  await xend.call('domain.unpause', { domain: 'guest' });
  await eventually(async () => (await seenByGuest(terminal)).join() === 'xvdb connected');
});
