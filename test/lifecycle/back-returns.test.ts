// SPDX-License-Identifier: Apache-2.0
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { expectClear, failureOf } from '../support/clear-error.ts';
import { requestsOf, startSum } from '../support/disk-load.ts';
import { eventually } from '../support/until.ts';
import type { VmSpec } from '../support/vm.ts';
import { startXend, type TestXend } from '../support/xend.ts';

const MIB = 2 ** 20;
const SIZE = 64 * MIB;
const md5 = (bytes: Uint8Array) => createHash('md5').update(bytes).digest('hex');

const DRIVER: VmSpec = { name: 'drv', kernel: 'shell', backends: ['vbd'], memory: 48, onCrash: 'restart' };

/** The guest's disks: who serves each one, and its state. */
async function disksOf(xend: TestXend, domain = 'guest'): Promise<string> {
  const { devices } = await xend.call('device.list', { domain, class: 'vbd' });
  const known = await xend.call('domain.list', {});
  return devices
    .map(
      ({ name, backendId, state }) => `${name} ${known.find(({ domid }) => domid === backendId)?.name ?? '-'} ${state}`,
    )
    .join(', ');
}

const served = (xend: TestXend, disks: string, domain?: string) =>
  eventually(async () => (await disksOf(xend, domain)) === disks);

/** How a domain goes away and comes back. */
const DEATHS: readonly ((xend: TestXend) => Promise<unknown>)[] = [
  async (xend) => {
    using driver = await xend.shell('drv');
    driver.type('crash\r');
    await driver.closed;
  },
  async (xend) => {
    await xend.call('domain.destroy', { domain: 'drv' });
    await xend.create(DRIVER);
  },
  (xend) => xend.call('domain.shutdown', { domain: 'drv', reason: 'reboot', wait: true }),
];

test('[2] a driver domain dies ten times and comes back, under full load: nothing is lost', async () => {
  await using xend = await startXend();
  await xend.create(DRIVER);
  await xend.create({ name: 'guest', memory: 64 });
  using terminal = await xend.shell('guest');
  const content = randomBytes(SIZE);
  const source = xend.file('source.img', content);
  const target = xend.file('target.img', new Uint8Array(SIZE));
  await xend.attachDisk('guest', source, 'xvda', 'r', 'drv');
  await xend.attachDisk('guest', target, 'xvdb', 'w', 'drv');
  let deaths = 0;
  const load = (async () => {
    do {
      expect(await terminal.run('copy xvda xvdb')).toBe(`${SIZE} bytes copied\n`);
      expect(await terminal.run('sum xvdb')).toBe(`${md5(content)}  xvdb\n`);
    } while (deaths < 10);
  })();
  for (; deaths < 10; deaths++) {
    const before = await requestsOf(xend);
    await eventually(async () => (await requestsOf(xend)) > before + 16);
    await DEATHS[deaths % DEATHS.length]!(xend);
    await served(xend, 'xvda drv 4, xvdb drv 4');
  }
  await load;
  expect(md5(readFileSync(target))).toBe(md5(content));
  // The dead hold nothing: what the guest has is what one connection needs.
  const usage = xend.xend.hv.usage(2);
  await xend.call('domain.destroy', { domain: 'drv' });
  await xend.create(DRIVER);
  await served(xend, 'xvda drv 4, xvdb drv 4');
  await eventually(() => JSON.stringify(xend.xend.hv.usage(2)) === JSON.stringify(usage));
  expect(xend.xend.store.check()).toEqual([]);
});

test('who waits for a domain says so everywhere, and may be taken away or end meanwhile', async () => {
  await using xend = await startXend();
  const file = xend.file('disk.img', randomBytes(SIZE));
  await xend.create({ ...DRIVER, kernel: 'idle' });
  const guest: VmSpec = { name: 'guest', disks: [{ file, dev: 'xvda', mode: 'w', backend: 'drv' }] };
  await xend.create(guest);
  using terminal = await xend.shell('guest');
  const { printed: sum } = await startSum(xend, terminal);
  await xend.call('domain.destroy', { domain: 'drv' });
  const { devices } = await xend.call('device.list', { domain: 'guest', class: 'vbd' });
  expect(devices).toMatchObject([
    { backendId: 1, state: 1, waits: { domain: 'drv', gone: true, age: expect.any(Number) } },
  ]);
  const { inspection } = await xend.call('inspect', { domain: 'guest', device: 'xvda' });
  expect(inspection).toMatchObject({ phase: 'unserved', waits: { domain: 'drv' } });
  const { lines } = await xend.call('log.read', {});
  expect(lines.join('\n')).toContain(
    "xvda: domain 'drv' (1), which served it, is gone; it waits for a domain of that name",
  );
  await eventually(async () => {
    const stalls = await xend.call('stalls', {});
    return stalls.some(({ owes, text }) => owes.domain === 'drv' && text.includes('is gone'));
  });
  // It would be saved without what it waits for.
  expectClear(await failureOf(xend.call('domain.save', { domain: 'guest', path: `${xend.directory}/saved` })));
  expect(xend.xend.store.check()).toEqual([]);

  // A domain of that name that serves something else, or nothing, is not waited for.
  await xend.create({ name: 'drv', kernel: 'idle' });
  expect(await disksOf(xend)).toBe('xvda - 1');
  await xend.detachDisk('guest', 'xvda');
  expect(await sum).toMatch(/^Error: xvda: reading \d+ bytes failed/);
  await xend.attachDisk('guest', file, 'xvda', 'w');
  expect(await disksOf(xend)).toBe('xvda Domain-0 4');
  await xend.call('domain.destroy', { domain: 'guest' });

  await xend.call('domain.destroy', { domain: 'drv' });
  await xend.create({ ...DRIVER, kernel: 'idle' });
  await xend.create(guest);
  await xend.call('domain.destroy', { domain: 'drv' });
  await xend.call('domain.destroy', { domain: 'guest' });
  expect((await xend.call('domain.list', {})).map(({ name }) => name)).toEqual(['Domain-0']);
});

test('it may be paused meanwhile, and the domain that it waits for may get its name later', async () => {
  await using xend = await startXend();
  const content = randomBytes(MIB);
  await xend.create({ ...DRIVER, kernel: 'idle' });
  await xend.create({ name: 'guest' });
  using terminal = await xend.shell('guest');
  await xend.attachDisk('guest', xend.file('disk.img', content), 'xvda', 'r', 'drv');
  await xend.call('domain.pause', { domain: 'guest' });
  await xend.call('domain.destroy', { domain: 'drv' });
  await xend.create({ ...DRIVER, kernel: 'idle' });
  await served(xend, 'xvda drv 2');
  await xend.call('domain.unpause', { domain: 'guest' });
  await served(xend, 'xvda drv 4');
  expect(await terminal.run('sum xvda')).toBe(`${md5(content)}  xvda\n`);

  await xend.call('domain.destroy', { domain: 'drv' });
  await xend.create({ ...DRIVER, name: 'spare', kernel: 'idle' });
  expect(await disksOf(xend)).toBe('xvda - 1');
  // One that is paused could not serve it: until it runs the device waits.
  await xend.call('domain.pause', { domain: 'spare' });
  await xend.call('domain.rename', { domain: 'spare', name: 'drv' });
  await terminal.run('ls');
  expect(await disksOf(xend)).toBe('xvda - 1');
  await xend.call('domain.unpause', { domain: 'drv' });
  await served(xend, 'xvda drv 4');
  expect(await terminal.run('sum xvda')).toBe(`${md5(content)}  xvda\n`);
});

test.each(['gone', 'back again'])('who loses its back end while it is saved is not, be that %s', async (how) => {
  await using xend = await startXend();
  const kernel = xend.file(
    'kernel.mjs',
    `export default async (dom) => {
      dom.onSave({ save: () => new Promise((resolve) => {
        dom.console.write('asked\\n');
        dom.console.onData(() => resolve(1));
      }) });
      dom.console.write('up\\n');
      await new Promise((end) => dom.signal.addEventListener('abort', end));
    };`,
  );
  const disk = { file: xend.file('disk.img', new Uint8Array(4096)), dev: 'xvda', backend: 'drv' };
  await xend.create({ ...DRIVER, kernel: 'idle' });
  await xend.create({ name: 'guest', kernel, disks: [disk] });
  using terminal = await xend.open('guest');
  await terminal.readUntil('up\n');
  const path = join(xend.directory, 'guest.save');
  const saved = failureOf(xend.call('domain.save', { domain: 'guest', path }));
  await terminal.readUntil('asked\n');
  await xend.call('domain.destroy', { domain: 'drv' });
  if (how === 'back again') {
    await xend.create({ ...DRIVER, kernel: 'idle' });
    await served(xend, 'xvda drv 2');
  }
  terminal.type('now');
  const error = await saved;
  expectClear(error);
  expect(String(error)).toMatch(/Cannot save domain 'guest': xvda lost domain 'drv', which served it/);
  expect(existsSync(path)).toBe(false);
  if (how === 'back again') await served(xend, 'xvda drv 4');
});

/** Serves others, has a disk that `backend` serves, and comes back when it crashes. */
const between = (name: string, file: string, backend: string): VmSpec => ({
  ...DRIVER,
  name,
  disks: [{ file, dev: 'xvda', backend }],
});

test('stacked: who is served and serves may die, and so may all at once', async () => {
  await using xend = await startXend();
  const content = randomBytes(SIZE);
  const file = xend.file('disk.img', content);
  const middle = between('middle', file, 'bottom');
  const bottom: VmSpec = { ...DRIVER, name: 'bottom' };
  await xend.create(bottom);
  await xend.create(middle);
  await xend.create({ name: 'guest', disks: [{ file, dev: 'xvda', backend: 'middle' }] });
  using top = await xend.shell('guest');
  const expected = `${md5(content)}  xvda\n`;
  for (const dead of [['middle'], ['middle', 'bottom'], ['bottom', 'middle'], ['bottom']]) {
    const { printed } = await startSum(xend, top);
    await Promise.all(dead.map((domain) => xend.call('domain.destroy', { domain })));
    for (const spec of [bottom, middle]) if (dead.includes(spec.name)) await xend.create(spec);
    expect(await printed).toBe(expected);
    await served(xend, 'xvda middle 4');
    await served(xend, 'xvda bottom 4', 'middle');
  }
  using inside = await xend.shell('middle');
  expect(await inside.run('sum xvda')).toBe(expected);
  await Promise.all(['bottom', 'middle', 'guest'].map((domain) => xend.call('domain.destroy', { domain })));
  expect(xend.xend.hv.domids()).toEqual([0]);
});

test.each(['crash', 'reboot'])(
  'who comes back after a %s waits for who serves it, which is away for longer',
  async (how) => {
    await using xend = await startXend();
    const content = randomBytes(MIB);
    const file = xend.file('disk.img', content);
    await xend.create({ ...DRIVER, kernel: 'idle' });
    const disks = [{ file, dev: 'xvda', backend: 'drv' }];
    await xend.create({ name: 'guest', disks, onCrash: 'restart' });
    await xend.call('domain.destroy', { domain: 'drv' });
    const reboot =
      how === 'reboot' ? xend.call('domain.shutdown', { domain: 'guest', reason: 'reboot', wait: true }) : undefined;
    if (how === 'crash') {
      using terminal = await xend.shell('guest');
      terminal.type('crash\r');
      await terminal.closed;
    }
    await eventually(async () =>
      (await xend.call('domain.list', {})).some(({ name, domid }) => name === 'guest' && domid > 2),
    );
    // Who serves something else is not who it waits for.
    await xend.create({ ...DRIVER, name: 'other', kernel: 'idle' });
    await xend.create({ ...DRIVER, kernel: 'idle' });
    await reboot;
    await served(xend, 'xvda drv 4');
    using terminal = await xend.shell('guest');
    expect(await terminal.run('sum xvda')).toBe(`${md5(content)}  xvda\n`);
  },
);

test('who serves it does not come, or it is destroyed meanwhile: it ends, and nothing stays', async () => {
  await using xend = await startXend({ connectLimit: 1500 });
  const file = xend.file('disk.img', randomBytes(MIB));
  const guest: VmSpec = { name: 'guest', kernel: 'idle', disks: [{ file, dev: 'xvda', backend: 'drv' }] };
  const reboot = () => xend.call('domain.shutdown', { domain: 'guest', reason: 'reboot', wait: true });
  for (const end of ['waits in vain', 'destroyed']) {
    await xend.create({ ...DRIVER, kernel: 'idle' });
    await xend.create(guest);
    await xend.call('domain.destroy', { domain: 'drv' });
    const failed = failureOf(reboot());
    if (end === 'destroyed') {
      await eventually(async () =>
        (await xend.call('log.read', {})).lines.join('\n').includes('Creating domain guest (id=6'),
      );
      await xend.call('domain.destroy', { domain: 'guest' });
    }
    const error = await failed;
    expectClear(error);
    if (end !== 'destroyed') {
      expect(String(error)).toContain(
        'Device xvda could not be connected within 1.5 s: Cannot configure device for unknown backend drv',
      );
    }
    await eventually(async () => (await xend.call('domain.list', {})).length === 1);
  }
  expect(xend.xend.store.check()).toEqual([]);
  // Who is made for the first time does not wait.
  expect(String(await failureOf(xend.create(guest)))).toContain('unknown backend drv');
});

test('symmetric: each serves the other; one dies, or both at once', async () => {
  await using xend = await startXend();
  const content = randomBytes(SIZE);
  const file = xend.file('disk.img', content);
  const expected = `${md5(content)}  xvda\n`;
  const plug = (domain: string, backend: string) => xend.attachDisk(domain, file, 'xvda', 'r', backend);
  const side = (name: string): VmSpec => ({ ...DRIVER, name, onCrash: 'destroy' });
  const sides = [
    ['left', 'right'],
    ['right', 'left'],
  ] as const;
  for (const [name] of sides) await xend.create(side(name));
  for (const [name, other] of sides) await plug(name, other);
  for (const [dead, survivor] of sides) {
    using terminal = await xend.open(survivor);
    if (dead === 'left') await terminal.readUntil(`${survivor}# `);
    const { printed } = await startSum(xend, terminal, survivor);
    await xend.call('domain.destroy', { domain: dead });
    await xend.create(side(dead));
    expect(await printed).toBe(expected);
    // What was added while it ran went with its former life.
    await plug(dead, survivor);
    using returned = await xend.shell(dead);
    expect(await returned.run('sum xvda')).toBe(expected);
  }
  for (const [name, other] of sides) await served(xend, `xvda ${other} 4`, name);
  await Promise.all(sides.map(([name]) => xend.call('domain.destroy', { domain: name })));
  expect(xend.xend.hv.domids()).toEqual([0]);
  expect(xend.xend.store.check()).toEqual([]);
});
