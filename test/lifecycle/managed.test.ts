// SPDX-License-Identifier: Apache-2.0
import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { eventually } from '../support/until.ts';
import { type VmSpec, vmText } from '../support/vm.ts';
import { POOL, startXend, type TestXend } from '../support/xend.ts';

/** Domains that xend keeps, one supervisor for all tests. */

let xend: TestXend;

beforeAll(async () => {
  xend = await startXend();
});
afterAll(() => xend[Symbol.asyncDispose]());
beforeEach(async () => {
  const all = await xend.call('domain.all', {});
  await Promise.all(all.map(({ domid, uuid }) => domid && xend.call('domain.destroy', { domain: uuid })));
  await Promise.all(all.map(({ managed, uuid }) => managed && xend.call('domain.delete', { domain: uuid })));
});

async function keep(...specs: readonly VmSpec[]) {
  const text = specs.map((spec) => vmText({ pool: POOL, ...spec })).join('');
  const { domains } = await xend.call('domain.new', { text, file: 'new.sxp', directory: xend.directory });
  return domains;
}
const start = (domain: string, paused = false) => xend.call('domain.start', { domain, paused });
const listed = async () => (await xend.call('domain.all', {})).map(({ name, domid }) => [name, domid !== undefined]);
const files = () => readdirSync(xend.paths.managedDir);

test('kept, started, shut down, started again, forgotten', async () => {
  const [made] = await keep({ name: 'web' });
  expect(made).toMatchObject({ name: 'web', memory: 32, vcpus: 1, state: '', cpuTime: 0, managed: true });
  expect(made).not.toHaveProperty('domid');
  expect(await listed()).toEqual([
    ['Domain-0', true],
    ['web', false],
  ]);
  expect(files()).toEqual([`${made!.uuid}.sxp`]);

  const first = await start('web');
  expect(first).toMatchObject({ name: 'web', uuid: made!.uuid, managed: true });
  expect(await listed()).toEqual([
    ['Domain-0', true],
    ['web', true],
  ]);
  await expect(start('web')).rejects.toThrow("Domain 'web' is already running");
  await expect(xend.call('domain.delete', { domain: 'web' })).rejects.toThrow("Domain 'web' is not halted");
  using terminal = await xend.shell('web');
  terminal.type('exit\r');
  await eventually(async () => !(await xend.info('web')));
  expect(await listed()).toEqual([
    ['Domain-0', true],
    ['web', false],
  ]);

  // By its uuid, and paused.
  expect(await start(made!.uuid, true)).toMatchObject({ state: '--p---', uuid: made!.uuid });
  await xend.call('domain.unpause', { domain: 'web' });
  await xend.call('domain.destroy', { domain: 'web' });
  await xend.call('domain.delete', { domain: 'web' });
  expect(await listed()).toEqual([['Domain-0', true]]);
  expect(files()).toEqual([]);
  await expect(start('web')).rejects.toMatchObject({ exit: 3, message: "Domain 'web' does not exist." });
});

test('what runs of it and dies in any way is still kept', async () => {
  const [made] = await keep({ name: 'web', onCrash: 'rename-restart', onPoweroff: 'preserve' });
  const { domid } = await start('web');
  using terminal = await xend.shell('web');
  terminal.type('crash\r');
  const next = await eventually(async () => ((await xend.info('web'))?.domid ?? 0) > domid && xend.info('web'));
  expect(next).toMatchObject({ uuid: made!.uuid, managed: true });
  const aside = await xend.info(`web-${domid}`);
  expect(aside).toMatchObject({ domid, state: '----c-' });
  expect(aside).not.toHaveProperty('managed');
  using again = await xend.shell('web');
  again.type('exit\r');
  await eventually(async () => (await xend.info('web'))?.state === '---s--');
  await expect(start('web')).rejects.toThrow("Domain 'web' is not halted");
  await xend.call('domain.destroy', { domain: 'web' });
  await start('web');
});

test('names are taken by what is kept as by what is there', async () => {
  const [made] = await keep({ name: 'web' });
  const taken = "VM name 'web' already exists";
  await expect(xend.create({ name: 'web' })).rejects.toMatchObject({
    message: taken,
    hint: expect.stringContaining('xm start web'),
  });
  await expect(keep({ name: 'web' })).rejects.toThrow(taken);
  await xend.create({ name: 'other' });
  await expect(keep({ name: 'one' }, { name: 'other' })).rejects.toThrow("Domain 'other' already exists with ID");
  await expect(keep({ name: 'Domain-0' })).rejects.toThrow("Domain 'Domain-0' already exists with ID '0'");
  const rename = (domain: string, name: string) => xend.call('domain.rename', { domain, name });
  await expect(rename('other', 'web')).rejects.toThrow(taken);
  await expect(rename('web', 'other')).rejects.toThrow("Domain 'other' already exists with ID");
  expect(files()).toEqual([`${made!.uuid}.sxp`]);

  // Renamed while it does not run, and while it does.
  await rename('web', 'www');
  await start('www');
  await rename('www', 'last');
  expect(await listed()).toEqual([
    ['Domain-0', true],
    ['last', true],
    ['other', true],
  ]);
  await xend.call('domain.destroy', { domain: 'last' });
  expect(readFileSync(`${xend.paths.managedDir}/${made!.uuid}.sxp`, 'utf8')).toContain('(name last)');
  expect(await listed()).toEqual([
    ['Domain-0', true],
    ['last', false],
    ['other', true],
  ]);
});

describe('a command about one that is not started says so', () => {
  const methods = [
    ...(['pause', 'unpause', 'destroy', 'console'] as const).map((verb) => [`domain.${verb}`, {}] as const),
    ['domain.shutdown', { reason: 'poweroff' }] as const,
    ['device.list', {}] as const,
    ['device.detach', { class: 'vbd', device: 'xvda' }] as const,
  ];
  test.each(methods)('%s', async (method, more) => {
    await keep({ name: 'web' });
    const call = xend.call(method, { domain: 'web', ...more } as never);
    await expect(call).rejects.toMatchObject({ code: 'ENOTSTARTED', message: "Domain 'web' is not started", exit: 1 });
  });

  test('list and its records know it', async () => {
    const [made] = await keep({ name: 'web' });
    expect(await xend.call('domain.all', { names: ['web', '0', made!.uuid] })).toMatchObject([
      made,
      { domid: 0 },
      made,
    ]);
    const { sxp, records } = await xend.call('domain.records', { names: ['web'] });
    expect(sxp).toMatch(/^\(domain\n {4}\(uuid [-0-9a-f]+\)\n {4}\(vcpus 1\)\n {4}\(name web\)\n/);
    expect(records).toMatchObject([{ name: 'web', config: { onXendStart: 'ignore' } }]);
  });
});

test('what is only there is not kept', async () => {
  await xend.create({ name: 'web' });
  for (const verb of ['start', 'delete'] as const) {
    const method = `domain.${verb}` as const;
    const text = "Domain 'web' is not managed by Xend lifecycle support";
    await expect(xend.call(method, { domain: 'web' })).rejects.toThrow(text);
    await expect(xend.call(method, { domain: '0' })).rejects.toThrow(`Cannot ${verb} privileged domain Domain-0`);
    await expect(xend.call(method, { domain: 'nobody' })).rejects.toMatchObject({ exit: 3 });
  }
});

test('a configuration that is wrong keeps nothing', async () => {
  const text = `${vmText({ name: 'good' })}(vm (name bad) (memroy 64))`;
  const made = xend.call('domain.new', { text, file: 'new.sxp', directory: xend.directory });
  await expect(made).rejects.toThrow(/new\.sxp has 2 errors:\n[\s\S]*unknown field 'memroy'/);
  expect(files()).toEqual([]);
});

test('what cannot be built stays kept, and a start at the same time is refused', async () => {
  const file = xend.file('disk.img', new Uint8Array(1000));
  await keep({ name: 'web', disks: [{ file, dev: 'xvda' }] });
  await expect(start('web')).rejects.toThrow('not a multiple of 512');
  expect(await listed()).toEqual([
    ['Domain-0', true],
    ['web', false],
  ]);
  xend.file('disk.img', new Uint8Array(1024));
  const outcomes = await Promise.allSettled([
    start('web'),
    start('web'),
    xend.call('domain.delete', { domain: 'web' }),
  ]);
  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected']);
});
