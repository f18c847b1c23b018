// SPDX-License-Identifier: Apache-2.0
import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { XendApi } from '../../src/xend/contract.ts';
import { httpText, rawSend } from '../support/raw-http.ts';
import { ordinaryUser } from '../support/user.ts';
import { type VmSpec, vmText } from '../support/vm.ts';
import { type XmHome, type XmRun, xmHome } from '../support/xm.ts';

/** What people get wrong, through the built `xm`: one clear line, the right status, and nothing left. */

const user = ordinaryUser();
let home: XmHome;
let before: unknown;

const path = (name: string) => join(home.directory, name);

/** What xend and the domains hold. */
async function holdings() {
  // Its directory belongs to the user, whom our own client would not trust.
  const { body } = await rawSend(join(home.runDir, 'xend.sock'), httpText('POST', '/api/stats', '{}'));
  const { domains }: XendApi['stats']['result'] = JSON.parse(body);
  return {
    domains: domains.map(({ name, state, extents, ports, grants }) => ({
      ...{ name, extents, ports, grants },
      ends: /[scd]/.test(state),
    })),
    files: [readdirSync(home.runDir).sort(), readdirSync(join(home.stateDir, 'domains'))],
    pid: home.pid(),
  };
}

/** Expects one error line, hints and indented or quoted detail after it, and neither stack nor defect. */
function expectError({ status, stderr }: XmRun, message: string | RegExp, exit = 1): void {
  const [first, ...more] = stderr.trimEnd().split('\n');
  if (typeof message === 'string') expect(first).toBe(`Error: ${message}`);
  else expect(first).toMatch(message);
  for (const line of more) expect(line).toMatch(/^Hint: [^\n]+$/);
  expect(stderr).not.toMatch(/\n\s+at |Unexpected error|defect/);
  expect(status).toBe(exit);
}

beforeAll(async () => {
  home = xmHome(user === 'root' ? undefined : user);
  const file = home.file('disk.img', new Uint8Array(4096));
  for (const [name, content] of Object.entries(FILES)) home.file(name, content);
  mkdirSync(path('dir.img'));
  const there = home.file('there.sxp', vmText({ name: 'there', kernel: 'idle', disks: [{ file, dev: 'xvda' }] }));
  await home.ok(['create', there]);
  const still = home.file('still.sxp', vmText({ name: 'still', kernel: 'idle' }));
  await home.ok(['create', '-p', still]);
  const gone = home.file('gone.sxp', vmText({ name: 'gone', kernel: 'crash.mjs', onCrash: 'preserve' }));
  await home.ok(['create', gone]);
  await home.ok(['wait', 'gone', '--for', 'crashed']);
  before = await holdings();
});

afterAll(async () => {
  await home[Symbol.asyncDispose]();
});

const FILES: Readonly<Record<string, string | Uint8Array>> = {
  'syntax.js': 'const one = 1;\nlet two = = 2;\nexport default () => {};\n',
  'syntax.ts': 'export default (dom: { => 3\n',
  'enum.ts': '// Types alone can be erased.\nenum Colour { red }\nexport default () => Colour.red;\n',
  'none.mjs': 'export const kernel = () => {};\n',
  'wrong.mjs': 'export default 7;\n',
  'throws.mjs': "const text = 'no luck';\nthrow new Error(text);\n",
  'imports.mjs': "import fs from 'node:fs';\nexport default () => fs.readdirSync('/');\n",
  'crash.mjs': "export default () => { throw new Error('as planned'); };\n",
  'odd.img': new Uint8Array(1000),
  'empty.img': '',
  'free.img': new Uint8Array(4096),
};

describe('xm create', () => {
  const disk = (file: string, more: object = {}) => ({ disks: [{ file, dev: 'xvda', ...more }] });
  const cases: readonly (readonly [what: string, spec: Partial<VmSpec>, message: string | RegExp])[] = [
    ['a missing kernel', { kernel: './no.mjs' }, /^Error: Cannot find kernel "\/tmp\/xm-.*\/no\.mjs"$/],
    ['an unknown built-in kernel', { kernel: 'builtin:no' }, 'Cannot find kernel "builtin:no"'],
    ['a directory as kernel', { kernel: './dir.img' }, /^Error: Cannot find kernel ".*dir\.img"$/],
    [
      'a kernel with a mistake',
      { kernel: './syntax.js' },
      /^Error: Domain 'new' .*: Cannot load kernel ".*": Unexpected token '=' \(syntax\.js:2\)$/,
    ],
    [
      'a TypeScript kernel with a mistake',
      { kernel: './syntax.ts' },
      /^Error: Cannot load kernel ".*": Expected ident \(syntax\.ts:1\)$/,
    ],
    [
      'a TypeScript kernel with more than types',
      { kernel: './enum.ts' },
      /^Error: Cannot load kernel ".*": TypeScript enum is not supported .* \(enum\.ts:2\)$/,
    ],
    ['a kernel without default export', { kernel: './none.mjs' }, /it has no default export made by defineKernel$/],
    ['a kernel that is no function', { kernel: './wrong.mjs' }, /it has no default export made by defineKernel$/],
    ['a kernel that throws at once', { kernel: './throws.mjs' }, /Cannot load kernel ".*": no luck \(throws\.mjs:2\)$/],
    ['a kernel that imports what it may not', { kernel: './imports.mjs' }, /a kernel may not import node:fs$/],
    ['a missing image', disk('no.img'), /^Error: vbd: Segment not found: uname=file:\/.*\/no\.img \(for xvda\)$/],
    ['a directory as image', disk('dir.img'), /^Error: vbd: xvda cannot be file:.*: it is a directory$/],
    ['a device as image', disk('/dev/null'), /: it is neither a file nor a block device$/],
    ['half a sector', disk('odd.img'), /its size, 1000 bytes, is not a multiple of 512$/],
    ['an empty image', disk('empty.img'), /^Error: Device 51712 \(vbd\) could not be connected\. .*: it is empty$/],
    ['more memory than there is', { memory: 1_000_000 }, /^Error: 1000000 MB of memory are more than the \d+ MB that /],
    ['a name that is taken', { name: 'there' }, /^Error: Domain 'there' already exists with ID '\d+'$/],
    ['an unknown back end', disk('free.img', { backend: 'no' }), 'Cannot configure device for unknown backend no'],
    [
      'a back end that does not serve',
      disk('free.img', { backend: 'there' }),
      "Domain 'there' does not serve vbd devices",
    ],
    ['a dead back end', disk('free.img', { backend: 'gone' }), 'Cannot configure device for unknown backend gone'],
    [
      'a disk that is in use',
      disk('disk.img', { mode: 'w' }),
      /^Error: .*: file:.*disk\.img is in read-only use by domain there \(xvda\)$|^Error: file:.*disk\.img is in read-only use by domain there \(xvda\)$/,
    ],
  ];

  test.each(cases)('%s', async (_what, spec, message) => {
    const run = await home.run(['create', home.file('new.sxp', vmText({ name: 'new', kernel: 'idle', ...spec }))]);
    expectError(run, message);
    expect(await holdings()).toEqual(before);
  });

  test.each([
    ['(vm (name new) (image (js (kernel idle)', 'unexpected end of input: this list is not closed', '(vm (name'],
    [
      '(vm (name new) (memory lots) (image (js (kernel idle))))',
      "memory must be a whole number .*, not 'lots'",
      'lots',
    ],
    ['(vm (name new) (memroy 32) (image (js (kernel idle))))', "unknown field 'memroy'", '(memroy 32)'],
    ['(vm (name "a\\qb") (image (js (kernel idle))))', 'unknown escape', '"a\\qb"'],
    ['', 'no \\(vm \\.\\.\\.\\) form', ''],
  ])('a text that is no configuration: %s', async (text, message, shown) => {
    const run = await home.run(['create', home.file('new.sxp', text)]);
    expect(run.status).toBe(1);
    const lines = run.stderr.split('\n');
    expect(lines[0]).toMatch(/^Error: .*new\.sxp has (an error|\d+ errors):$/);
    expect(lines[1]).toMatch(new RegExp(`new\\.sxp:1:\\d+: error: ${message}`));
    expect(lines[2]).toContain(shown);
    const column = Number(/:1:(\d+):/.exec(lines[1]!)![1]);
    if (text !== '') expect(lines[3]).toMatch(new RegExp(`^ {${column - 1}}\\^~*$`));
    expect(run.stderr).not.toMatch(/\n\s+at /);
    expect(await holdings()).toEqual(before);
  });

  test('a configuration larger than xend takes', async () => {
    const text = `${vmText({ name: 'new' })}#${' '.repeat(5 * 1024 * 1024)}`;
    const run = await home.run(['create', home.file('new.sxp', text)]);
    expectError(run, /^Error: Unable to open config file: .*new\.sxp$/);
    expect(run.stderr).toContain('Hint: it is larger than 4194304 bytes');
  });

  test.skipIf(user === 'root')('a file that may not be written, opened for writing', async () => {
    chmodSync(home.file('fixed.img', new Uint8Array(4096)), 0o444);
    const spec = (mode: 'r' | 'w') =>
      vmText({ name: 'new', kernel: 'idle', disks: [{ file: 'fixed.img', dev: 'xvda', mode }] });
    const run = await home.run(['create', home.file('new.sxp', spec('w'))]);
    expectError(
      run,
      /could not be connected\. vbd: cannot open file:.*\/fixed\.img for writing \(for xvda\): permission denied$/,
    );
    expect(await holdings()).toEqual(before);
    await home.ok(['create', home.file('new.sxp', spec('r'))]);
    await home.ok(['destroy', 'new']);
  });
});

describe('who or what is not there', () => {
  const verbs = [
    'destroy',
    'pause',
    'unpause',
    'shutdown',
    'reboot',
    'console',
    'domid',
    'uptime',
    'list',
    'block-list',
  ];
  test.each(verbs)('xm %s nobody', async (verb) => {
    expectError(await home.run([verb, 'nobody']), "Domain 'nobody' does not exist.", 3);
  });

  test.each([
    [['block-attach', 'nobody', 'file:free.img', 'xvdb', 'w'], "Domain 'nobody' does not exist.", 3],
    [['block-detach', 'nobody', 'xvda'], "Domain 'nobody' does not exist.", 3],
    [['domname', '4711'], "Domain '4711' does not exist.", 3],
    [['block-detach', 'there', 'xvdz'], 'Device xvdz not connected', 1],
    [['device-detach', 'there', 'vbd', '51713'], 'Device 51713 not connected', 1],
    [['device-detach', 'there', 'nic', '0'], 'nic is not a valid device type', 1],
    [['device-detach', 'there', 'console', '0'], 'console cannot be detached: every domain has one', 1],
    [['device-attach', 'there', 'nic', 'a=b'], 'nic is not a valid device type', 1],
    [['device-attach', 'there', 'console', 'a=b'], 'console cannot be configured: every domain has one', 1],
    [
      ['device-attach', 'there', 'vbd', 'uname=file:free.img', 'dev=xvdb', 'mode=q'],
      /mode must be one of r, w, w!, not 'q'$/,
      1,
    ],
    [['block-attach', 'there', 'file:no.img', 'xvdb', 'w'], /^Error: vbd: Segment not found: uname=file:.*no\.img/, 1],
    [['block-attach', 'there', 'file:free.img', 'xvda', 'w'], 'Device xvda is already connected.', 1],
    [
      ['block-attach', 'there', 'file:free.img', 'xvdb', 'w', 'nobody'],
      'Cannot configure device for unknown backend nobody',
      1,
    ],
    [['block-attach', 'there', 'file:free.img', 'xvdb', 'w', 'still'], "Domain 'still' does not serve vbd devices", 1],
    [['block-attach', 'still', 'file:free.img', 'xvdb', 'w'], "Domain 'still' is not running", 1],
    [['block-attach', 'gone', 'file:free.img', 'xvdb', 'w'], "Domain 'gone' is not running", 1],
    [['block-attach', '0', 'file:free.img', 'xvdb', 'w'], "Domain 'Domain-0' has no driver for vbd devices", 1],
    [['shutdown', 'gone'], "Domain 'gone' is not running", 1],
    [['console', 'gone'], "Domain 'gone' is not running", 1],
    [['destroy', '0'], 'Cannot destroy privileged domain Domain-0', 1],
  ] as const)('xm %j', async (args, message, exit) => {
    expectError(await home.run(args), message, exit);
    expect(await holdings()).toEqual(before);
  });
});

test('xm xend restart with a configuration that is wrong: xend goes on, with its domains', async () => {
  const pid = home.pid();
  const config = home.file('wrong.sxp', '(xenstroe (persist yes))\n');
  const { status, stderr } = await home.run(['xend', 'restart'], { env: { XEND_CONFIG: config } });
  expect(status).toBe(1);
  expect(stderr).toMatch(/^Error: .*wrong\.sxp has an error:\n.*wrong\.sxp:1:2: error: unknown field 'xenstroe'/);
  expect(home.pid()).toBe(pid);
  expect(await home.ok(['domstate', 'still'])).toBe('paused\n');
});

describe('places', () => {
  test('a run directory that is too long', async () => {
    const env = { XEND_RUNDIR: `/tmp/${'x'.repeat(115)}` };
    expectError(
      await home.run(['list'], { env }),
      /^Error: The run directory \/tmp\/x+ is too long for a unix socket\.$/,
    );
  });

  const BELOW = /^Error: Cannot make the directory .*\/locked\/(?:state|run): permission denied$/;
  const WITHIN = /^Error: Unable to start xend: EACCES: permission denied/;
  const FOREIGN = /^Error: \/etc belongs to another user \(0\)$/;

  test.skipIf(user === 'root').each([
    ['XEND_STATEDIR', 'below a directory that takes nothing', () => join(locked(), 'state'), BELOW],
    ['XEND_RUNDIR', 'below a directory that takes nothing', () => join(locked(), 'run'), BELOW],
    ['XEND_STATEDIR', 'that takes nothing', locked, WITHIN],
    ['XEND_RUNDIR', 'that takes nothing', locked, WITHIN],
    ['XEND_STATEDIR', 'of somebody else', () => '/etc', FOREIGN],
    ['XEND_RUNDIR', 'of somebody else', () => '/etc', FOREIGN],
  ])('%s %s', async (name, _what, place, reason) => {
    const env = { XEND_RUNDIR: path('run2'), XEND_STATEDIR: path('state2'), [name]: place() };
    expectError(await home.run(['list'], { env }), reason);
  });

  test.each(['XEND_STATEDIR', 'XEND_RUNDIR'])('%s that is a file', async (name) => {
    const env = { XEND_RUNDIR: path('run2'), XEND_STATEDIR: path('state2'), [name]: path('free.img') };
    expectError(
      await home.run(['list'], { env }),
      /^Error: (?:Unable to connect to xend: Not a directory|Cannot make the directory .*: file already exists)/,
    );
  });

  function locked(): string {
    if (!existsSync(path('locked'))) {
      mkdirSync(path('locked'), { mode: 0o555 });
      if (typeof user === 'number') chownSync(path('locked'), user, user);
    }
    return path('locked');
  }
});
