// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DEPRECATED } from '../../src/cli/names.ts';
import { UNSUPPORTED } from '../../src/cli/unsupported.ts';
import { type XmHome, type XmRun, xmHome } from '../support/xm.ts';
import { openXm } from '../support/xm-inside.ts';

/** help 06 of xm-test: each command with 0 to 10 arguments. Never a stack, a prompt or an endless wait, and the right status. */

interface Entry {
  readonly args: Readonly<Record<string, { readonly required?: boolean; readonly multiple?: boolean }>>;
}
const commands: Readonly<Record<string, Entry>> = JSON.parse(readFileSync('oclif.manifest.json', 'utf8')).commands;

/** What makes commands end that go on until somebody ends them. */
const FINITE: Readonly<Record<string, readonly string[]>> = {
  top: ['-b', '-i', '1'],
  'xenstore:watch': ['-n', '1'],
  wait: ['--timeout', '0.1'],
};
/** What ends the supervisor, or reads all that is typed: without arguments only in a process of their own. */
const APART = ['xend:stop', 'xend:restart', 'shell', 'serve'];
/** What answers by its status alone. */
const SILENT = ['xenstore:exists'];
/** Other statuses that a command has: a time has passed. */
const ANSWERS: Readonly<Record<string, readonly number[]>> = { wait: [124] };

const MOST = 10;
const COUNTS = Array.from({ length: MOST + 1 }, (_, count) => count);

let home: XmHome;
let xm: (...args: readonly string[]) => Promise<XmRun>;

beforeAll(async () => {
  home = xmHome();
  await home.ok(['xend', 'start']);
  xm = await openXm(home);
});

afterAll(async () => {
  await home[Symbol.asyncDispose]();
});

/** How many arguments a command takes. */
function arity({ args }: Entry): { readonly least: number; readonly most: number } {
  const all = Object.values(args);
  const most = all.some(({ multiple }) => multiple) ? Number.POSITIVE_INFINITY : all.length;
  return { least: all.filter(({ required }) => required).length, most };
}

function expectClean({ status, stdout, stderr }: XmRun, ...more: readonly number[]): void {
  expect(`${stdout}${stderr}`).not.toMatch(/\n\s+at .*:\d+:\d+|Unexpected error|Traceback|\[object|undefined/);
  expect([0, 1, 3, ...more].includes(status ?? -1), `status ${status}`).toBe(true);
}

describe.each(Object.keys(commands))('xm %s', (id) => {
  const { least, most } = arity(commands[id]!);
  const words = [...id.split(':'), ...(FINITE[id] ?? [])];
  const counts = APART.includes(id) ? COUNTS.slice(1) : COUNTS;

  test('with 0 to 10 arguments', async () => {
    for (const count of counts) {
      const args = Array.from({ length: count }, (_, index) => `nosuch${index}`);
      const run = await xm(...words, ...args);
      expectClean(run, ...(ANSWERS[id] ?? []));
      if (run.status !== 0 && !SILENT.includes(id)) expect(`${run.stderr}${run.stdout}`).not.toBe('');
      if (count < least || count > most) {
        expect(run.status).toBe(1);
        expect(run.stderr).toMatch(/^Error: .*\n/);
      }
    }
  });

  test('with odd ones', async () => {
    for (const odd of ['', '-z', '--nosuch', '-', '--', '%s', '../..', "'", '\0', 'x'.repeat(5000), '1e999', '-1']) {
      const args = Array.from({ length: Math.max(1, least) }, () => odd);
      // A minus sign alone is stdin, which has no end here, and after two of them there are no arguments.
      if ((odd === '-' && 'configFile' in commands[id]!.args) || (odd === '--' && APART.includes(id))) continue;
      expectClean(await xm(...words, ...args), ...(ANSWERS[id] ?? []));
    }
  });
});

test.each([...UNSUPPORTED.keys()])('xm %s says why not, whatever follows', async (name) => {
  for (const count of COUNTS) {
    const run = await xm(name, ...Array.from({ length: count }, () => 'x'));
    expect(run).toMatchObject({ status: 1, stdout: '' });
    expect(run.stderr).toMatch(new RegExp(`^Error: 'xm ${name}' is not supported: .*\\.\\n(?:Hint: .*\\n)?$`));
  }
});

test.each([...DEPRECATED])('xm %s is xm %s', async (name, newer) => {
  const run = await xm(name);
  const same = await xm(newer);
  const note = `Command ${name} is deprecated.  Please use xm ${newer} instead.\n`;
  expect(run).toEqual({ ...same, stderr: `${note}${same.stderr}` });
});

test('a sample through the binary, with a pipe that never ends as stdin', async () => {
  for (const id of ['list', 'pause', 'create', 'destroy', 'restore', 'cpupool-create', 'xenstore:write', 'nosuch']) {
    for (const count of [0, 1, 10]) {
      const child = home.start([...id.split(':'), ...Array.from({ length: count }, () => 'nosuch')]);
      const status = await new Promise((resolve) => child.once('close', resolve));
      expect([0, 1, 3]).toContain(status);
    }
  }
});

test.each(APART)('xm %s without arguments ends with its input', async (id) => {
  expectClean(await home.run(id.split(':')));
});
