// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { stepGate } from '../support/step-gate.ts';
import { startXend, type TestXend } from '../support/xend.ts';

const stateOf = async (xend: TestXend, name: string) => (await xend.info(name))?.state;

test('a paused domain does not answer, and goes on where it was', async () => {
  await using xend = await startXend();
  await xend.create({ name: 'sleeper' });
  await xend.create({ name: 'witness' });
  using sleeper = await xend.shell('sleeper');
  using witness = await xend.shell('witness');
  await sleeper.run('set x before');

  await xend.call('domain.pause', { domain: 'sleeper' });
  expect(await stateOf(xend, 'sleeper')).toBe('--p---');
  const heard = sleeper.output;
  const answer = sleeper.run('echo $x');
  // Time in which another domain answers many times.
  for (let turn = 0; turn < 20; turn++) expect(await witness.run('echo here')).toBe('here\n');
  expect(sleeper.output).toBe(heard);
  // Twice is as good as once.
  await xend.call('domain.pause', { domain: 'sleeper' });

  await xend.call('domain.unpause', { domain: 'sleeper' });
  expect(await answer).toBe('before\n');
  expect(await stateOf(xend, 'sleeper')).toMatch(/^(r-|-b)----$/);
  await xend.call('domain.unpause', { domain: 'sleeper' });
  expect(await sleeper.run('echo again')).toBe('again\n');
});

test('a domain that is created paused has its devices and has not begun', async () => {
  await using xend = await startXend();
  const file = xend.file('disk.img', new Uint8Array(4096));
  const info = await xend.create({ name: 'waiting', disks: [{ file, dev: 'xvda' }] }, true);
  expect(info.state).toBe('--p---');
  const { devices } = await xend.call('device.list', { domain: 'waiting' });
  expect(devices.map(({ class: name, state }) => `${name} ${state}`)).toEqual(['console 4', 'vbd 4']);
  using terminal = await xend.open('waiting');
  expect(terminal.output).toBe('');
  await xend.call('domain.unpause', { domain: 'waiting' });
  expect(await terminal.readUntil('# ')).toBe('waiting is domain 1. Type help for a list of commands.\r\nwaiting# ');
  expect(await terminal.run('ls')).toContain('xvda');
});

test('one that is paused before it began and again after it did', async () => {
  await using xend = await startXend();
  await xend.create({ name: 'waiting' }, true);
  await xend.call('domain.pause', { domain: 'waiting' });
  await xend.call('domain.unpause', { domain: 'waiting' });
  using terminal = await xend.shell('waiting');
  await xend.call('domain.pause', { domain: 'waiting' });
  const answer = terminal.run('echo up');
  expect(await stateOf(xend, 'waiting')).toBe('--p---');
  await xend.call('domain.unpause', { domain: 'waiting' });
  expect(await answer).toBe('up\n');
});

test('what makes no sense for a paused domain is refused, and says what to do', async () => {
  await using xend = await startXend();
  await xend.create({ name: 'still' }, true);
  const file = xend.file('disk.img', new Uint8Array(4096));
  await expect(xend.call('domain.shutdown', { domain: 'still', reason: 'poweroff' })).rejects.toMatchObject({
    message: "Domain 'still' is paused",
    hint: "'xm unpause still' lets it run",
  });
  await expect(xend.attachDisk('still', file, 'xvda')).rejects.toThrow("Domain 'still' is not running");
  expect(await stateOf(xend, 'still')).toBe('--p---');
});

test('Domain-0 is neither paused nor ended', async () => {
  await using xend = await startXend();
  for (const domain of ['0', 'Domain-0']) {
    await expect(xend.call('domain.pause', { domain })).rejects.toThrow('Cannot pause privileged domain Domain-0');
    await expect(xend.call('domain.destroy', { domain })).rejects.toThrow('Cannot destroy privileged domain Domain-0');
    await expect(xend.call('domain.shutdown', { domain, reason: 'poweroff' })).rejects.toThrow(
      'Domain 0 cannot be shutdown',
    );
    await expect(xend.call('domain.console', { domain })).rejects.toThrow("Domain 'Domain-0' has no console");
  }
  expect((await xend.info('Domain-0'))?.state).toBe('r-----');
});

test('a domain that is being built is let alone until it is', async () => {
  const gate = stepGate('vbd.backConnect');
  await using xend = await startXend({ onStep: gate.onStep });
  using _ = gate;
  const file = xend.file('disk.img', new Uint8Array(4096));
  const created = xend.create({ name: 'slow', disks: [{ file, dev: 'xvda' }] });
  await gate.reached;
  const domain = 'slow';
  for (const method of ['domain.pause', 'domain.unpause'] as const) {
    await expect(xend.call(method, { domain })).rejects.toThrow("Domain 'slow' is being built");
  }
  await expect(xend.call('domain.shutdown', { domain, reason: 'poweroff' })).rejects.toThrow(
    "Domain 'slow' is being built",
  );
  await expect(xend.create({ name: 'slow' })).rejects.toThrow("Domain 'slow' already exists with ID '1'");
  gate.open();
  await created;
  using terminal = await xend.shell('slow');
  expect(await terminal.run('echo up')).toBe('up\n');
});
