// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { vmText } from '../support/vm.ts';
import { type XmHome, xmHome } from '../support/xm.ts';

/** Keys of `xend-config.sxp` in a real supervisor, each with a value that is not its default. */

let home: XmHome;
let config: string;

const KEYS = `
  (loglevel INFO)
  (logfile ../logs/other.log)
  (console-limit 1)
  (device-create-timeout 1)
  (device-destroy-timeout 1)
  (enable-dump yes)
  (dom0-min-mem 64)
  (total_available_memory 256)
`;

/** Its front end is never ready. */
const SLOW = `
  import { defineDevice, idcBack, idcFront } from 'xenidc';
  const quotas = { inFlight: 1, bodyBytes: 16, registrations: 1 };
  export default defineDevice({
    name: 'slow', doc: 'A device that is never ready.', fields: {},
    front: idcFront(quotas, () => ({ driver: {}, handlers: {}, start: () => new Promise(() => {}) })),
    back: idcBack(quotas, () => ({ handlers: {} })),
  });
`;

beforeAll(async () => {
  home = xmHome();
  mkdirSync(home.stateDir, { recursive: true, mode: 0o700 });
  config = join(home.stateDir, 'xend-config.sxp');
  writeFileSync(config, KEYS);
  await home.ok(['create', home.file('demo.sxp', vmText({ name: 'demo' }))]);
});

afterAll(async () => {
  await home[Symbol.asyncDispose]();
});

test('xm validate, xm doctor and xm info -c have them', async () => {
  expect(await home.ok(['validate', config])).toBe(`${config}: ok\n`);
  expect(await home.json(['doctor'])).toMatchObject({
    findings: expect.arrayContaining([{ check: 'settings', grade: 'ok', text: `${config} is right` }]),
  });
  expect(await home.json(['info', '-c'])).toMatchObject({
    logfile: join(home.directory, 'logs/other.log'),
    loglevel: 'INFO',
    'console-limit': 1,
    'enable-dump': 'yes',
  });
});

test('loglevel and logfile', async () => {
  const text = readFileSync(join(home.directory, 'logs/other.log'), 'utf8');
  expect(text).toContain(' INFO ');
  expect(text).not.toContain(' DEBUG ');
  expect(await home.ok(['log', '-n', '1000'])).not.toContain(' DEBUG ');
  expect(statSync(join(home.stateDir, 'xend.log'), { throwIfNoEntry: false })).toBeUndefined();
});

test('console-limit', async () => {
  await home.ok(['console', 'demo', '--until', 'last'], {
    input: `${'echo 0123456789012345678901234567890123456789\n'.repeat(40)}echo la""st\n`,
  });
  const { output, lost } = await home.json<{ output: string; lost: number }>(['console', '--log', 'demo']);
  expect(Buffer.byteLength(output)).toBeLessThanOrEqual(1024);
  expect(output).toMatch(/\nlast\s/);
  expect(lost).toBeGreaterThan(1024);
});

test('device-create-timeout and device-destroy-timeout; the first is the time of a domain too', async () => {
  const slow = home.file('slow.mjs', SLOW);
  const { status, stderr } = await home.run(['device-attach', 'demo', '--class', slow, 'slow']);
  expect([1, 124]).toContain(status);
  expect(stderr).toMatch(/^Error: Device 0 \(slow\).* 1(?:\.0)? s/);
  expect(await home.json(['device-list', 'demo', 'slow'])).toEqual([]);
  const kernel = home.file('stuck.mjs', 'await new Promise(() => {});\nexport default () => {};\n');
  const created = await home.run(['create', home.file('stuck.sxp', vmText({ name: 'stuck', kernel }))]);
  expect(created).toMatchObject({
    status: 124,
    stderr: expect.stringContaining("Domain 'stuck' was not ready within 1"),
  });
});

test('dom0-min-mem and total_available_memory', async () => {
  const big = home.file('big.sxp', vmText({ name: 'big', memory: 192 }));
  expect(await home.run(['create', big])).toMatchObject({
    status: 1,
    stderr: 'Error: 192 MB of memory are more than the 160 MB that are free of 192 MB\n',
  });
  expect(await home.json(['info'])).toMatchObject({ free_memory: 160 });
});

test('enable-dump: who crashes leaves one core, also when its own on_crash is to leave one', async () => {
  for (const onCrash of ['destroy', 'coredump-destroy']) {
    const name = `crasher-${onCrash}`;
    const text = vmText({ name }).replace('(memory', `(on_crash ${onCrash}) (memory`);
    await home.ok(['create', home.file(`${name}.sxp`, text)]);
    await home.run(['console', name], { input: 'crash\n' });
    await home.ok(['wait', name, '--for', 'gone', '--timeout', '20']);
    expect(readdirSync(join(home.stateDir, 'dump', name))).toEqual([expect.stringMatching(/\.core$/)]);
  }
});

test('xm doctor says what xend would not start with, and what it has not read yet', async () => {
  const settings = async () => {
    const { findings } = JSON.parse((await home.run(['doctor', '--json'])).stdout);
    return findings.find(({ check }: { check: string }) => check === 'settings');
  };
  writeFileSync(config, '(loglevel INFO)');
  expect(await settings()).toMatchObject({ grade: 'note', text: `${config} is newer than this xend` });
  writeFileSync(config, '(device-class nosuch.ts)');
  expect(await settings()).toMatchObject({ grade: 'problem', text: `${config} names ${home.stateDir}/nosuch.ts` });
  writeFileSync(config, '\n(log-level INFO)');
  expect(await settings()).toMatchObject({
    grade: 'problem',
    text: expect.stringMatching(/:2:2: error: unknown field 'log-level'[\s\S]*did you mean 'loglevel'\?/),
  });
  writeFileSync(config, `(logfile ${home.directory})`);
  expect(await settings()).toMatchObject({
    grade: 'problem',
    text: `${config}: logfile ${home.directory} cannot be written: ${home.directory} is a directory`,
  });
  expect(await home.run(['xend', 'restart'])).toMatchObject({
    status: 1,
    stderr: expect.stringContaining('is a directory'),
  });
  expect(await home.ok(['domid', 'demo'])).toBe('1\n');
});
