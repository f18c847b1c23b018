// SPDX-License-Identifier: Apache-2.0
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, truncateSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { startSum } from '../support/disk-load.ts';
import { eventually } from '../support/until.ts';
import { startXend, type TestXend } from '../support/xend.ts';

const SIZE = 64 * 2 ** 20;
const md5 = (bytes: Uint8Array) => createHash('md5').update(bytes).digest('hex');

/** A driver domain `drv` and a guest with its console. */
async function start(driver = 'idle') {
  const xend = await startXend();
  const { domid } = await xend.create({ name: 'drv', kernel: driver, backends: ['vbd'], memory: 48 });
  await xend.create({ name: 'guest' });
  return { xend, domid, terminal: await xend.shell('guest') };
}

async function disksOf(xend: TestXend): Promise<readonly string[]> {
  const { devices } = await xend.call('device.list', { domain: 'guest', class: 'vbd' });
  return devices.map(({ name, backendId, state }) => `${name} ${backendId} ${state}`);
}

test('a disk served by another domain is a disk', async () => {
  const { xend, domid, terminal } = await start();
  await using _ = xend;
  const content = randomBytes(2 * 1024 * 1024);
  const source = xend.file('source.img', content);
  const target = xend.file('target.img', new Uint8Array(content.length));
  await xend.attachDisk('guest', source, 'xvda', 'r', 'drv');
  await xend.attachDisk('guest', target, 'xvdb', 'w', String(domid));
  expect(await disksOf(xend)).toEqual([`xvda ${domid} 4`, `xvdb ${domid} 4`]);
  expect(await terminal.run('sum xvda')).toBe(`${md5(content)}  xvda\n`);
  expect(await terminal.run('copy xvda xvdb')).toBe(`${content.length} bytes copied\n`);
  // Domain-0 has no part in it: what it maps are consoles.
  expect(xend.xend.hv.usage(0)?.mappings).toBe(2);
  expect(xend.xend.hv.usage(domid)?.mappings).toBeGreaterThan(0);
  await xend.detachDisk('guest', 'xvdb');
  expect(md5(readFileSync(target))).toBe(md5(content));
  await xend.detachDisk('guest', 'xvda');
  expect(xend.xend.hv.usage(domid)?.mappings).toBe(0);
});

test('a configuration may name it', async () => {
  await using xend = await startXend();
  const content = randomBytes(64 * 1024);
  const file = xend.file('disk.img', content);
  await xend.create({ name: 'drv', kernel: 'shell', backends: ['vbd'] });
  await xend.create({ name: 'guest', disks: [{ file, dev: 'xvda', backend: 'drv' }] });
  using terminal = await xend.shell('guest');
  expect(await terminal.run('sum xvda')).toBe(`${md5(content)}  xvda\n`);
  // The driver domain is a domain like others, with a console and a life of its own.
  using driver = await xend.shell('drv');
  expect(await driver.run('ls')).not.toContain('xvda');
});

test('who does not serve is not asked', async () => {
  await using xend = await startXend();
  const file = xend.file('disk.img', new Uint8Array(4096));
  await xend.create({ name: 'guest' });
  await xend.create({ name: 'other' });
  await expect(xend.attachDisk('guest', file, 'xvda', 'r', 'nobody')).rejects.toThrow(
    'Cannot configure device for unknown backend nobody',
  );
  await expect(xend.attachDisk('guest', file, 'xvda', 'r', 'other')).rejects.toMatchObject({
    message: "Domain 'other' does not serve vbd devices",
    hint: 'its configuration would have (backend (vbd))',
  });
  await expect(xend.attachDisk('guest', file, 'xvda', 'r', 'guest')).rejects.toThrow('does not serve vbd');
});

describe('a driver domain that ends', () => {
  const endings = {
    destroyed: (xend: TestXend) => xend.call('domain.destroy', { domain: 'drv' }),
    'shut down': (xend: TestXend) => xend.call('domain.shutdown', { domain: 'drv', reason: 'poweroff', wait: true }),
    crashed: async (xend: TestXend) => {
      using driver = await xend.shell('drv');
      driver.type('crash\r');
      await driver.closed;
    },
  };

  test.each(Object.keys(endings) as (keyof typeof endings)[])(
    '%s: requests wait for one of its name, and another may take the disk',
    async (ending) => {
      const { xend, terminal } = await start('shell');
      await using _ = xend;
      const idle = xend.xend.hv.usage(2);
      const content = randomBytes(SIZE);
      const file = xend.file('disk.img', content);
      await xend.attachDisk('guest', file, 'xvda', 'w', 'drv');
      const { printed } = await startSum(xend, terminal);
      await endings[ending](xend);
      await eventually(async () => String(await disksOf(xend)) === 'xvda 1 1');
      await eventually(async () => (await xend.info('drv')) === undefined);
      // What the dead one had mapped is the guest's again.
      await eventually(() => JSON.stringify(xend.xend.hv.usage(2)) === JSON.stringify(idle));
      await xend.create({ name: 'drv', kernel: 'idle', backends: ['vbd'], memory: 48 });
      expect(await printed).toBe(`${md5(content)}  xvda\n`);
      expect(await disksOf(xend)).toEqual(['xvda 3 4']);

      await xend.call('domain.destroy', { domain: 'drv' });
      expect(await disksOf(xend)).toEqual(['xvda 3 1']);
      await xend.detachDisk('guest', 'xvda');
      expect(await terminal.run('ls')).not.toContain('xvda');
      // The image that it served is free.
      await xend.attachDisk('guest', file, 'xvda', 'w');
      expect(await terminal.run('sum xvda')).toBe(`${md5(content)}  xvda\n`);
    },
  );

  test('its disks wait for all whom it served', async () => {
    const { xend, terminal } = await start();
    await using _ = xend;
    const files = ['a.img', 'b.img'].map((name) => xend.file(name, new Uint8Array(4096)));
    await xend.create({ name: 'other', disks: [{ file: files[0]!, dev: 'xvda', backend: 'drv' }] });
    await xend.attachDisk('guest', files[1]!, 'xvda', 'w', 'drv');
    await xend.attachDisk('guest', files[0]!, 'xvdb', 'r');
    await xend.call('domain.destroy', { domain: 'drv' });
    expect(await disksOf(xend)).toEqual(['xvda 1 1', 'xvdb 0 4']);
    const { devices } = await xend.call('device.list', { domain: 'other', class: 'vbd' });
    expect(devices).toMatchObject([{ state: 1, waits: { domain: 'drv', gone: true } }]);
    expect(await terminal.run('sum xvdb')).toBe(`${md5(new Uint8Array(4096))}  xvdb\n`);
    expect(xend.xend.store.check()).toEqual([]);
  });

  test.each(Object.keys(endings) as (keyof typeof endings)[])(
    '%s: what was written to a copy is gone with it, so is the disk, and requests end with an error',
    async (ending) => {
      const { xend, terminal } = await start('shell');
      await using _ = xend;
      const idle = xend.xend.hv.usage(2);
      const base = xend.file('base.img', '');
      // So much that the end comes long before it is read.
      truncateSync(base, 64 * SIZE);
      await xend.attach('guest', 'vbd', { uname: `cow:${base}`, dev: 'xvda', mode: 'w', backend: 'drv' });
      const { printed } = await startSum(xend, terminal);
      await endings[ending](xend);
      expect(await printed).toMatch(/^Error: xvda: reading \d+ bytes failed/);
      await eventually(async () => (await disksOf(xend)).length === 0);
      await eventually(() => JSON.stringify(xend.xend.hv.usage(2)) === JSON.stringify(idle));
      expect(await terminal.run('sum xvda')).toMatch(/^Error: There is no device 'xvda'/);
    },
  );
});

test('a guest that ends lets go of its driver domain', async () => {
  const { xend, domid } = await start();
  await using _ = xend;
  const idle = xend.xend.hv.usage(domid);
  for (let round = 0; round < 3; round++) {
    const file = xend.file(`${round}.img`, new Uint8Array(4096));
    await xend.attachDisk('guest', file, 'xvda', 'w', 'drv');
    await xend.call('domain.destroy', { domain: 'guest' });
    expect(xend.xend.hv.usage(domid)).toEqual(idle);
    await xend.create({ name: 'guest' });
  }
});
