// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { vmText } from '../support/vm.ts';
import { type XmHome, xmHome } from '../support/xm.ts';

/** What people are told of domains that there are not, of those that do not end, and of what they wait for. */

const PAIR = resolve(import.meta.dirname, '../../configs/idc-pair.sxp');
/** Does not hear that it is asked to end. */
const DEAF = 'export default () => new Promise(() => {});\n';

let home: XmHome;

beforeAll(async () => {
  home = xmHome();
  const kernel = home.file('deaf.mjs', DEAF);
  await home.ok(['create', home.file('deaf.sxp', vmText({ name: 'deaf', kernel }))]);
});

afterAll(async () => {
  await home[Symbol.asyncDispose]();
});

const UNKNOWN = { status: 3, stdout: '', stderr: "Error: Domain 'nosuch' does not exist.\n" };

test.each([
  [['log', '--domain', 'nosuch']],
  [['log', '--domain', 'deaf', '--domain', 'nosuch']],
  [['events', '--filter', 'domain=nosuch']],
])('xm %j: a domain that there never was', async (args) => expect(await home.run(args)).toEqual(UNKNOWN));

test.each([[['log', '-f', '--json', '--domain', 'nosuch']], [['events', '-f', '--json', '--filter', 'domain=nosuch']]])(
  'xm %j: it may come',
  async (args) => {
    const child = home.start(args);
    const note = createInterface({ input: child.stderr! });
    expect(await once(note, 'line')).toEqual(["There is no domain 'nosuch' yet."]);
    child.kill();
  },
);

test('one that ended by force, and then is of the past', async () => {
  const text = 'Domain deaf terminated by force: it did not end within 0.2 s\n';
  expect(await home.run(['shutdown', '-w', '--timeout', '0.2', 'deaf'])).toEqual({
    status: 0,
    stdout: text,
    stderr: '',
  });
  expect(await home.ok(['log', '--domain', 'deaf'])).toContain(
    'Domain deaf did not end within 0.2 s: it is destroyed\n',
  );
  expect(await home.ok(['log', '-n', '1', '--level', 'critical', '--domain', 'deaf'])).toBe('');
  expect(await home.ok(['events', '--filter', 'domain=deaf'])).toContain(' domain gone deaf (1) ');
  expect(await home.run(['list', 'deaf'])).toMatchObject({ status: 3 });
});

test('endpoints that are waited for, before there is anything', async () => {
  const waiting = home.json<{ domain: { name: string } }>(['wait', 'left', '--for', 'endpoint', '--timeout', '60']);
  await home.ok(['create', PAIR]);
  expect((await waiting).domain.name).toBe('left');
  expect((await home.run(['wait', 'right', '--for', 'endpoint', '--address', 'pair', '--timeout', '60'])).status).toBe(
    0,
  );
  expect(await home.run(['wait', 'right', '--for', 'endpoint', '--address', 'other', '--timeout', '0.1'])).toEqual({
    ...{ status: 124, stdout: '' },
    stderr: "Error: Domain 'right' was not connected at other within 0.1 s: it is running\n",
  });
});

test.each([['0'], ['0.05'], ['-1'], ['']])('xm top -d %j is refused', async (delay) => {
  expect(await home.run(['top', `--delay=${delay}`])).toMatchObject({
    ...{ status: 1, stdout: expect.stringMatching(/^\nUsage: xm top /) },
    stderr: expect.stringContaining(`'${delay}' is not a time between two rounds: at least 0.1 seconds`),
  });
});

test('copies of a sample whose disk is not there', async () => {
  const text = vmText({ name: 'copy', disks: [{ file: `${home.directory}/configs/demo.img`, dev: 'xvda' }] });
  expect(await home.run(['create', '-N', '2', home.file('copy.sxp', text)])).toMatchObject({
    status: 1,
    stderr: expect.stringMatching(
      /^Error: 0 of 2 copies started; .* Segment not found: .*\nHint: 'npm run image' makes the disk of the samples\n$/,
    ),
  });
});

test('former names say what is new, also when that has no meaning', async () => {
  expect(await home.run(['vif-list', 'right'])).toMatchObject({
    status: 1,
    stderr: expect.stringMatching(
      /^Command vif-list is deprecated. {2}Please use xm network-list instead.\nError: 'xm network-list' is not/,
    ),
  });
});
