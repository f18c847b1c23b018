// SPDX-License-Identifier: Apache-2.0
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually } from '../support/until.ts';
import { vmText } from '../support/vm.ts';
import { type XmHome, xmHome } from '../support/xm.ts';

/** `xm create --wait --timeout`, of what connects and of what never does. */

let home: XmHome;

beforeAll(async () => {
  home = xmHome();
  home.file('stuck.mjs', 'await new Promise(() => {});');
  home.file('d.img', new Uint8Array(4096));
  const disk = { file: `${home.directory}/d.img`, dev: 'xvda', backend: 'server' } as const;
  home.file('good.sxp', vmText({ name: 'good' }));
  home.file('stuck.sxp', vmText({ name: 'stuck', kernel: './stuck.mjs' }));
  home.file('slow.mjs', 'await new Promise((resolve) => setTimeout(resolve, 500)); export default () => {};');
  home.file(
    'two.sxp',
    vmText({ name: 'first', kernel: './slow.mjs' }) + vmText({ name: 'second', kernel: './stuck.mjs' }),
  );
  home.file('user.sxp', vmText({ name: 'user', disks: [disk] }));
  await home.ok(['create', home.file('server.sxp', vmText({ name: 'server', kernel: 'idle', backends: ['vbd'] }))]);
  await home.ok(['pause', 'server']);
});
afterAll(() => home[Symbol.asyncDispose]());

const names = async () => (await home.json<{ name: string }[]>(['list'])).map(({ name }) => name);

test.each([['-w'], ['--wait'], ['--wait=connected'], ['--wait=CONNECTED']])('%s, and all connects', async (option) => {
  expect(await home.ok(['create', option, 'good.sxp', '--timeout', '60'])).toMatch(/^Started domain good/m);
  await home.ok(['destroy', 'good']);
});

test('a condition that is none is an error at once', async () => {
  const { status, stderr } = await home.run(['create', '--wait=conected', 'stuck.sxp']);
  expect(status).toBe(1);
  expect(stderr).toContain("Invalid argument for --wait: 'conected' is none of connected.");
});

test.each([
  ['stuck.sxp', '1.5', "Error: Domain 'stuck' was not ready within 1.5 s: its kernel is still being loaded\n"],
  // It is the time of both, and the first needs half a second.
  [
    'two.sxp',
    '4',
    /^Error: Domain 'second' was not ready within [0-3](?:\.\d)? s: its kernel is still being loaded\n$/,
  ],
  [
    'user.sxp',
    '1.5',
    "Error: Device 51712 (vbd) could not be connected. Domain 'server' did not answer BE CREATE within 1.5 s\n" +
      'Hint: xvda of domain user, state new\n',
  ],
])(
  '%s does not within %s s: what was waited for, the status of a timeout, and nothing that stays',
  async (file, timeout, says) => {
    const { status, stderr } = await home.run(['create', '--wait', '--timeout', timeout, file]);
    if (typeof says === 'string') expect(stderr).toBe(says);
    else expect(stderr).toMatch(says);
    expect(status).toBe(124);
    // A back end that hangs lets go of what is left when it goes on.
    if (file === 'user.sxp') await home.ok(['destroy', 'server']);
    await eventually(async () => (await names()).filter((name) => name !== 'server').length === 1);
  },
);

test('the same as JSON', async () => {
  const { status, stdout } = await home.run(['create', '--timeout', '0.5', 'stuck.sxp', '--json']);
  expect({ status, error: JSON.parse(stdout).error.code }).toEqual({ status: 124, error: 'ETIMEOUT' });
});
