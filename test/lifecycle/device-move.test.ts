// SPDX-License-Identifier: Apache-2.0
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, renameSync } from 'node:fs';
import { expect, test } from 'vitest';
import { expectClear, failureOf } from '../support/clear-error.ts';
import { startSum } from '../support/disk-load.ts';
import { stepGate } from '../support/step-gate.ts';
import { eventually } from '../support/until.ts';
import type { VmSpec } from '../support/vm.ts';
import { startXend, type TestXend } from '../support/xend.ts';

const MIB = 2 ** 20;
const SIZE = 64 * MIB;
const md5 = (bytes: Uint8Array) => createHash('md5').update(bytes).digest('hex');

const driver = (name: string): VmSpec => ({ name, kernel: 'idle', backends: ['vbd'], memory: 48 });

const move = (xend: TestXend, backend: string, device = 'xvda', force = false) =>
  xend.call('device.move', { domain: 'guest', class: 'vbd', device, backend, force });

/** Each disk of the guest: the domain that serves it, by number, and its state. */
async function disksOf(xend: TestXend): Promise<string> {
  const { devices } = await xend.call('device.list', { domain: 'guest', class: 'vbd' });
  return devices.map(({ name, backendId, state }) => `${name} ${backendId} ${state}`).join(', ');
}

test('[2] disks move from domain to domain under full load: nothing is lost', async () => {
  await using xend = await startXend();
  await xend.create(driver('one'));
  await xend.create(driver('two'));
  await xend.create({ name: 'guest', memory: 64 });
  using terminal = await xend.shell('guest');
  const content = randomBytes(SIZE);
  const source = xend.file('source.img', content);
  const target = xend.file('target.img', new Uint8Array(SIZE));
  const idle = [1, 2].map((domid) => xend.xend.hv.usage(domid));
  await xend.attachDisk('guest', source, 'xvda', 'r', 'one');
  await xend.attachDisk('guest', target, 'xvdb', 'w', 'one');
  let moves = 0;
  const load = (async () => {
    do {
      expect(await terminal.run('copy xvda xvdb')).toBe(`${SIZE} bytes copied\n`);
    } while (moves < 20);
  })();
  for (; moves < 20; moves++) {
    const backend = ['two', 'Domain-0', 'one'][moves % 3]!;
    const moved = await Promise.all(['xvda', 'xvdb'].map((device) => move(xend, backend, device)));
    expect(moved).toMatchObject([
      { state: 4, config: { backend } },
      { state: 4, config: { backend } },
    ]);
  }
  await load;
  expect(await terminal.run('sum xvdb')).toBe(`${md5(content)}  xvdb\n`);
  expect(md5(readFileSync(target))).toBe(md5(content));
  for (const device of ['xvda', 'xvdb']) await move(xend, 'two', device);
  for (const device of ['xvda', 'xvdb']) await move(xend, '0', device);
  // Nothing stays where they were, in the store neither.
  expect([1, 2].map((domid) => xend.xend.hv.usage(domid))).toEqual(idle);
  expect(xend.xend.store.check()).toEqual([]);
  await xend.call('domain.destroy', { domain: 'one' });
  expect(await disksOf(xend)).toBe('xvda 0 4, xvdb 0 4');
});

test('where it cannot go is said, and it stays where it is', async () => {
  await using xend = await startXend({ answerLimit: 1000 });
  const content = randomBytes(MIB);
  await xend.create(driver('one'));
  await xend.create(driver('two'));
  await xend.create({
    name: 'guest',
    backends: ['vbd'],
    disks: [{ file: xend.file('a.img', content), dev: 'xvda', backend: 'one' }],
  });
  await xend.create({ name: 'plain', kernel: 'idle' });
  using terminal = await xend.shell('guest');
  const refused = async (backend: string, text: RegExp, device = 'xvda') => {
    const error = await failureOf(move(xend, backend, device));
    expectClear(error);
    expect(String(error)).toMatch(text);
    expect(await disksOf(xend)).toMatch(/^xvda 1 4/);
    expect(await terminal.run('sum xvda')).toBe(`${md5(content)}  xvda\n`);
  };
  await refused('nobody', /unknown backend nobody/);
  await refused('plain', /'plain' does not serve vbd/);
  await refused('guest', /'guest' cannot serve a device of its own/);
  await refused('one', /'one' serves xvda already/);
  await refused('two', /xvdz not connected/, 'xvdz');
  await xend.call('domain.pause', { domain: 'two' });
  await refused('two', /'two' is paused/);
  await xend.call('domain.unpause', { domain: 'two' });
  await xend.call('driver.unload', { domain: 'two', class: 'vbd', end: 'back' });
  await refused('two', /back end of vbd in domain 'two' is not loaded/);
  await xend.call('driver.load', { domain: 'two', class: 'vbd', end: 'back' });
  await xend.attach('guest', 'vbd', { uname: `cow:${xend.file('b.img', content)}`, dev: 'xvdb', mode: 'w' });
  await refused('two', /would lose what was written to it/, 'xvdb');
  await xend.call('domain.pause', { domain: 'guest' });
  expectClear(await failureOf(move(xend, 'two')));
  await xend.call('domain.unpause', { domain: 'guest' });
  await move(xend, 'two');
  expect(await terminal.run('sum xvda')).toBe(`${md5(content)}  xvda\n`);
});

test('a disk whose image the new one cannot open waits, and is moved when it can', async () => {
  await using xend = await startXend();
  const content = randomBytes(SIZE);
  await xend.create(driver('one'));
  await xend.create(driver('two'));
  await xend.create({ name: 'guest' });
  using terminal = await xend.shell('guest');
  const file = xend.file('a.img', content);
  await xend.attachDisk('guest', file, 'xvda', 'r', 'one');
  const { printed } = await startSum(xend, terminal);
  renameSync(file, `${file}.away`);
  const error = await failureOf(move(xend, 'two'));
  expectClear(error);
  expect(String(error)).toMatch(/Device 51712 \(vbd\).*a\.img.*; xvda waits for domain 'one'/);
  const { devices } = await xend.call('device.list', { domain: 'guest', class: 'vbd' });
  expect(devices).toMatchObject([{ state: 1, waits: { domain: 'one', gone: false } }]);
  renameSync(`${file}.away`, file);
  await move(xend, 'one');
  expect(await printed).toBe(`${md5(content)}  xvda\n`);
});

test('who could not have it back, as it was paused, has it when it goes on', async () => {
  using gate = stepGate('vbd.changeBack');
  await using xend = await startXend({ answerLimit: 1000, onStep: gate.onStep });
  const content = randomBytes(SIZE);
  const file = xend.file('a.img', content);
  await xend.create(driver('one'));
  await xend.create(driver('two'));
  await xend.create({ name: 'guest' });
  using terminal = await xend.shell('guest');
  await xend.attachDisk('guest', file, 'xvda', 'r', 'one');
  const { printed } = await startSum(xend, terminal);
  const outcome = failureOf(move(xend, 'two'));
  await gate.reached;
  await xend.call('domain.pause', { domain: 'one' });
  renameSync(file, `${file}.away`);
  gate.open();
  expect(String(await outcome)).toMatch(/a\.img.*; xvda waits for domain 'one'/);
  renameSync(`${file}.away`, file);
  await xend.call('domain.unpause', { domain: 'one' });
  expect(await printed).toBe(`${md5(content)}  xvda\n`);
  expect(await disksOf(xend)).toBe('xvda 1 4');
});

test('away from a domain that hangs, and from one that is gone', async () => {
  await using xend = await startXend({ answerLimit: 1000 });
  const content = randomBytes(SIZE);
  const file = xend.file('a.img', content);
  await xend.create({ ...driver('one'), kernel: 'shell' });
  await xend.create(driver('two'));
  await xend.create({ name: 'guest', memory: 64 });
  using terminal = await xend.shell('guest');
  await xend.attachDisk('guest', file, 'xvda', 'r', 'one');
  const hanging = await xend.shell('one');
  const { printed: sum } = await startSum(xend, terminal);
  hanging.type('hang\r');
  await eventually(async () =>
    (await xend.call('stalls', {})).some(({ rule, domain }) => `${rule} ${domain}` === 'loop one'),
  );
  const error = await failureOf(move(xend, 'two'));
  expectClear(error);
  expect(String(error)).toMatch(/Domain 'one', which serves it, does not answer within 1 s/);
  expect(await disksOf(xend)).toBe('xvda 1 4');
  await move(xend, 'two', 'xvda', true);
  expect(await sum).toBe(`${md5(content)}  xvda\n`);
  await xend.call('domain.destroy', { domain: 'one' });
  expect(await disksOf(xend)).toBe('xvda 2 4');

  const { printed } = await startSum(xend, terminal);
  await xend.call('domain.destroy', { domain: 'two' });
  expect(await disksOf(xend)).toBe('xvda 2 1');
  await move(xend, '0');
  expect(await printed).toBe(`${md5(content)}  xvda\n`);
  // A domain of the name that it once waited for is nothing to it now.
  await xend.create(driver('two'));
  expect(await disksOf(xend)).toBe('xvda 0 4');
});

test('a domain is not saved while one of its disks moves', async () => {
  let failure: Promise<unknown> | undefined;
  await using xend = await startXend({
    onStep(label) {
      if (label === 'vbd.changeBack') failure = failureOf(save());
    },
  });
  const save = () => xend.call('domain.save', { domain: 'guest', path: `${xend.directory}/saved` });
  await xend.create(driver('one'));
  await xend.create({ name: 'guest', disks: [{ file: xend.file('a.img', new Uint8Array(MIB)), dev: 'xvda' }] });
  (await xend.shell('guest')).close();
  await move(xend, 'one');
  const error = await failure;
  expectClear(error);
  expect(String(error)).toContain("Cannot save domain 'guest': xvda is being moved");
  expect(await disksOf(xend)).toBe('xvda 1 4');
  await save();
});

test('what it is made from again names who serves it', async () => {
  await using xend = await startXend();
  const content = randomBytes(MIB);
  const file = xend.file('a.img', content);
  await xend.create(driver('one'));
  await xend.create(driver('two'));
  const text = `(vm (name guest) (memory 32) (image (js (kernel shell)))
    (device (vbd (uname file:${file}) (dev xvda) (mode w) (backend one))))`;
  const source = { text, file: 'guest.sxp', directory: xend.directory } as const;
  await xend.call('domain.new', source);
  await xend.call('domain.start', { domain: 'guest' });
  (await xend.shell('guest')).close();
  await move(xend, 'two');
  await xend.call('domain.destroy', { domain: 'one' });
  const saved = `${xend.directory}/saved`;
  await xend.call('domain.save', { domain: 'guest', path: saved });
  await xend.call('domain.restore', { path: saved });
  expect(await disksOf(xend)).toBe('xvda 2 4');
  await xend.call('domain.destroy', { domain: 'guest' });
  await xend.call('domain.start', { domain: 'guest' });
  expect(await disksOf(xend)).toBe('xvda 2 4');
  (await xend.shell('guest')).close();
  await xend.call('domain.shutdown', { domain: 'guest', reason: 'reboot', wait: true });
  await eventually(async () => (await disksOf(xend)) === 'xvda 2 4');
  using terminal = await xend.shell('guest');
  expect(await terminal.run('sum xvda')).toBe(`${md5(content)}  xvda\n`);
});
