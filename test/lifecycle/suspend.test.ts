// SPDX-License-Identifier: Apache-2.0
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { expectClear, failureOf } from '../support/clear-error.ts';
import { eventually } from '../support/until.ts';
import { vmText } from '../support/vm.ts';
import { POOL, startXend, type TestXend } from '../support/xend.ts';
import { xmHome } from '../support/xm.ts';

let xend: TestXend;
beforeAll(async () => {
  xend = await startXend();
});
afterAll(() => xend[Symbol.asyncDispose]());

async function keep(name: string, kernel = 'shell'): Promise<string> {
  const text = vmText({ name, kernel, pool: POOL });
  const { domains } = await xend.call('domain.new', { text, file: 'new.sxp', directory: xend.directory });
  await xend.call('domain.start', { domain: name });
  return domains[0]!.uuid;
}
const suspend = (domain: string) => xend.call('domain.suspend', { domain });
const resume = (domain: string, paused = false) => xend.call('domain.resume', { domain, paused });
const listed = async (name: string) => (await xend.call('domain.all', { names: [name] }))[0];

async function expectRefused(promise: Promise<unknown>, text: string): Promise<void> {
  const error = await failureOf(promise);
  expectClear(error);
  expect(String(error)).toContain(text);
}

test('a managed domain is suspended, listed so, renamed, and goes on', async () => {
  const uuid = await keep('web');
  using terminal = await xend.shell('web');
  const path = join(xend.directory, 'web.save');
  await xend.call('domain.save', { domain: 'web', path, checkpoint: true });
  await terminal.run('set a kept');
  await suspend('web');
  await expectRefused(xend.call('domain.restore', { path }), "Domain 'web' is suspended");
  await terminal.closed;
  expect(await listed('web')).toMatchObject({ uuid, state: '', suspended: true, managed: true });
  const file = join(xend.paths.managedDir, `${uuid}.save`);
  expect(existsSync(file)).toBe(true);
  await expectRefused(xend.call('domain.start', { domain: 'web' }), "Domain 'web' is suspended");
  await expectRefused(xend.call('domain.delete', { domain: 'web' }), "Domain 'web' is suspended");
  await expectRefused(suspend('web'), "Domain 'web' is not started");
  await xend.call('domain.rename', { domain: 'web', name: 'site' });

  expect(await resume('site', true)).toMatchObject({ name: 'site', uuid, state: '--p---' });
  expect(existsSync(file)).toBe(false);
  await xend.call('domain.unpause', { domain: 'site' });
  using next = await xend.shell('site');
  expect(await next.run('echo $a')).toBe('kept\n');
  await expectRefused(resume('site'), "Domain 'site' is already running");
  await xend.call('domain.destroy', { domain: 'site' });
  await expectRefused(resume('site'), "Cannot resume domain 'site': it is not suspended");
  await expectRefused(resume('nosuch'), "Domain 'nosuch' does not exist");
});

test('who cannot be suspended runs on; who cannot be resumed stays suspended', async () => {
  await xend.create({ name: 'plain' });
  await expectRefused(suspend('plain'), "Domain 'plain' is not managed");
  await keep('dull', 'idle');
  await expectRefused(suspend('dull'), 'its kernel does not offer its state');
  expect(await xend.info('dull')).toBeDefined();
  expect(readdirSync(xend.paths.managedDir).filter((name) => !name.endsWith('.sxp'))).toEqual([]);

  const uuid = await keep('torn');
  await suspend('torn');
  const file = join(xend.paths.managedDir, `${uuid}.save`);
  const whole = readFileSync(file);
  writeFileSync(file, whole.subarray(0, 100));
  await expectRefused(resume('torn'), 'the file ends here');
  expect(await listed('torn')).toMatchObject({ suspended: true });
  writeFileSync(file, whole);
  await resume('torn');
  expect(await listed('torn')).not.toHaveProperty('suspended');
});

test('xm xend restart: what is suspended when xend stops goes on when it starts', async () => {
  await using home = xmHome();
  const vm = (name: string, kernel: string) =>
    vmText({ name, kernel }).replace(/\)\s*$/, '(on_xend_stop suspend) (on_xend_start start))\n');
  await home.ok(['new', home.file('keeps.sxp', vm('keeps', 'shell'))]);
  await home.ok(['new', home.file('cannot.sxp', vm('cannot', 'idle'))]);
  for (const name of ['keeps', 'cannot']) await home.ok(['start', name]);
  await home.ok(['console', 'keeps', '--until', '^done'], { input: 'set a kept\necho done\n' });
  await home.ok(['xend', 'stop']);
  expect(readdirSync(join(home.stateDir, 'managed')).filter((name) => name.endsWith('.save'))).toHaveLength(1);
  await home.ok(['xend', 'start']);
  const states = async () => (await home.json<{ name: string; state: string }[]>(['list'])).map(({ state }) => state);
  await eventually(async () => (await states()).every((state) => /^[r-][b-]-/.test(state)));
  expect(await home.ok(['console', 'keeps', '--until', '^kept'], { input: 'echo $a\n' })).toContain('kept');
  await home.ok(['suspend', 'keeps']);
  expect((await home.ok(['domstate', 'keeps'])).trim()).toBe('suspended');
  expect(await home.ok(['list', '--state', 'suspended'])).toContain('keeps');
  expect(await home.ok(['resume', 'keeps'])).toMatch(/^Resumed domain keeps \(id=\d+\)\n$/);
});
