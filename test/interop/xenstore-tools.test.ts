// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { findProgram, type ProgramRun, runProgram, startProgram } from '../support/programs.ts';
import { startXend, type TestXend } from '../support/xend.ts';
import { xmHome } from '../support/xm.ts';

/** `xm xenstore` beside Debian's `xenstore-*` (package xenstore-utils), which are the record: both on the same supervisor. */
const installed = findProgram('xenstore-ls') !== undefined;
if (!installed) console.log("xm xenstore is not compared with xenstore's programs: apt-get install xenstore-utils");

const xm = fileURLToPath(new URL('../../bin/xm', import.meta.url));

let xend: TestXend;
beforeAll(async () => {
  xend = await startXend();
});
afterAll(() => xend[Symbol.asyncDispose]());

const env = () => ({ XENSTORED_PATH: xend.paths.xenstoreSocket, XEND_RUNDIR: xend.paths.runDir });
const dom0 = () => xend.xend.store.connect(0, () => true);

type Words = readonly [tool: string, ...args: string[]];

/** What Debian's program leaves behind; what is said on stderr in the form of `xm`. */
async function theirs([tool, ...args]: Words): Promise<ProgramRun> {
  const run = await runProgram(`xenstore-${tool}`, args, env());
  return { ...run, stderr: run.stderr.trimEnd().replace(`xenstore-${tool}: `, 'Error: ') };
}

/** What `xm` leaves behind; of what it says on stderr only the first line: hints are its own. */
async function ours(words: Words): Promise<ProgramRun> {
  const run = await runProgram(xm, ['xenstore', ...words], env());
  return { ...run, stderr: run.stderr.split('\n')[0]! };
}

function plant(): void {
  const store = dom0();
  store.setPerms('/', ['n0']);
  store.rm('/g');
  store.rm('/local/domain/0/g');
  const nodes: Readonly<Record<string, string>> = {
    '/g/one': 'first',
    '/g/two': 'tab\there "quoted" \\ \x00\x07\x08\x1f\x7f\x80\xff \xc3\xa9',
    '/g/empty': '',
    '/g/a/b/c': 'deep',
    '/g/a/valued': 'v',
    '/g/a/valued/leaf': '',
    '/g/chain/of/empty/nodes': '',
    'g/rel': 'relative',
  };
  for (const [path, value] of Object.entries(nodes)) store.write(path, value);
  store.setPerms('/g/two', ['b0', 'r7', 'w8']);
  store.close();
}

/** The whole store, by Debian's own eyes. */
const tree = async () => (await theirs(['ls', '-f', '-p'])).stdout;

const BY_TOOL: Readonly<Record<string, readonly Words[]>> = {
  read: [
    ['read', '/g/one'],
    ['read', '/g/one', '/g/two', '/g/empty'],
    ['read', '-p', '/g/one', '/g/two'],
    ['read', '-R', '/g/two', '/g/one'],
    ['read', '-s', '-R', '-p', '/g/two'],
    ['read', '/g/one', '-p'],
    ['read', 'g/rel'],
    ['read', '/g/one', '/g/none', '/g/two'],
    ['read', '/g/one', 'not a path'],
    ['read', '--', '-x'],
    ['read', '/'],
    ['read', '/g/\u0141'],
  ],
  list: [
    ['list', '/g'],
    ['list', '/g', '/g/a'],
    ['list', '-p', '/g', '/g/a'],
    ['list', '/g/one'],
    ['list', '-p', 'g'],
    ['list', '-p', '/'],
    ['list', '/g', '/g/none', '/'],
    ['list', '/g/'],
  ],
  ls: [
    ['ls'],
    ['ls', '-f'],
    ['ls', '-p'],
    ['ls', '-f', '-p'],
    ['ls', '-s', '-pf', '/g', '/tool'],
    ['ls', '/g/one'],
    ['ls', 'g'],
    ['ls', '-f', 'g'],
    ['ls', '/g/a', '/g/none'],
    ['ls', '/g/none'],
    ['ls', 'not a path'],
  ],
  exists: [
    ['exists', '/g/one'],
    ['exists', '/g/one', '/g/none'],
    ['exists', '/g/none'],
    ['exists', '/g/one', '/g/two', '/'],
    ['exists', 'not a path'],
  ],
  write: [
    ['write', '/g/new/node', 'value'],
    ['write', '/g/one', '', '/g/w', 'two words'],
    ['write', '/g/esc', 'é\\x41\\101\\\\\\n\\t\\r\\xff\\0\\q\\x4\\xg\\x\\8\\18\\1234\\777\\x123\\X41\\'],
    ['write', '-R', '/g/raw', '\\x41\\n\\'],
    ['write', 'g/rel2', '1'],
    ['write', '/g/w1', '1', 'not a path', '2'],
    ['write', '/g/w1', 'x'.repeat(4080), '/g/w2', 'x'.repeat(4096)],
    ['write', '--', '/g/minus', '-1'],
  ],
  rm: [
    ['rm', '/g/one'],
    ['rm', '/g/none', '/g/a'],
    ['rm', '/g/none/none'],
    ['rm', '/g/two', '/g/none/none'],
    ['rm', '/'],
    ['rm', 'not a path'],
    ['rm', '-t', '/g/chain/of/empty/nodes'],
    ['rm', '-t', '/g/a/valued/leaf', '/g/a/b/c'],
    ['rm', '-t', '/g/a/none'],
    ['rm', '-t', 'g/rel'],
  ],
  chmod: [
    ['chmod', '/g/one', 'n0', 'r5', 'w6', 'b7'],
    ['chmod', '-r', '/g/a', 'b0'],
    ['chmod', '-u', '/g/a/b/c', 'r0', 'b3'],
    ['chmod', '-u', '-r', '/g/a', 'w0', 'r3'],
    ['chmod', '-r', 'g', 'r0'],
    ['chmod', '-u', 'g/rel', 'r0'],
    ['chmod', '/g/one', 'x0'],
    ['chmod', '/g/one', 'n0', 'N1'],
    ['chmod', '/g/none', 'n0'],
    ['chmod', '/', 'r0'],
    ['chmod', '/', 'n0'],
    ['chmod', '/g/one', 'n77'],
  ],
  watch: [
    ['watch', '-n', '1', '/g'],
    ['watch', '-n2', '/g', 'g/rel'],
    ['watch', '-n', '1', '@releaseDomain'],
    ['watch', '-n', '1', 'not a path'],
  ],
};

const CASES = Object.values(BY_TOOL).flatMap((each) =>
  each.map((words) => [words.join(' ').slice(0, 60), words] as const),
);

describe.skipIf(!installed)('xm xenstore as xenstore-*: output, exit status, and what it leaves in the store', () => {
  beforeEach(plant);

  test.each(CASES)('%s', async (_line, words) => {
    const expected = await theirs(words);
    const left = await tree();
    plant();
    expect(await ours(words)).toEqual(expected);
    expect(await tree()).toBe(left);
  });

  test('ls of long names, long values and many levels is cut at the same places', async () => {
    const store = dom0();
    for (let length = 40; length < 90; length += 3) {
      store.write(`/g/wide/${'n'.repeat(length)}`, 'hello');
      store.write(`/g/wide/v${length}`, 'x'.repeat(length));
      store.write(`/g/wide/e${length}`, `${'x'.repeat(length)}\x01\x02\x03`);
      store.write(`/g/wide/${'e'.repeat(length)}`, '');
    }
    for (let depth = 1; depth < 82; depth++) store.write(`/g/wide${'/ddd'.repeat(depth)}`, `value${depth}`);
    store.close();
    for (const options of [[], ['-p'], ['-f'], ['-f', '-p']]) {
      const words = ['ls', ...options, '/g/wide'] as const;
      expect(await ours(words)).toEqual(await theirs(words));
    }
  });

  test('a directory larger than a message is listed whole', async () => {
    const store = dom0();
    for (let i = 0; i < 3000; i++) store.write(`/g/large/child-number-${i}`, String(i));
    store.close();
    for (const words of [
      ['list', '/g/large'],
      ['ls', '/g/large'],
    ] as const) {
      expect(await ours(words)).toEqual(await theirs(words));
    }
  });

  test('watch prints what changes, in order', async () => {
    const watching = [
      startProgram('xenstore-watch', ['-n', '5', '/g', '/tool'], env()),
      startProgram(xm, ['xenstore', 'watch', '-n', '5', '/g', '/tool'], env()),
    ].map((child) => {
      const lines: string[] = [];
      createInterface({ input: child.stdout! }).on('line', (line) => lines.push(line));
      return { lines, ended: once(child, 'close') };
    });
    await expect.poll(() => watching.map(({ lines }) => lines.length), { timeout: 20_000 }).toEqual([2, 2]);
    const store = dom0();
    store.write('/g/changed', '1');
    store.write('/g/changed', '2');
    store.rm('/g/changed');
    store.close();
    expect(await Promise.all(watching.map(({ ended }) => ended))).toEqual([
      [0, null],
      [0, null],
    ]);
    expect(watching[1]!.lines).toEqual(watching[0]!.lines);
    expect(watching[1]!.lines).toEqual(['/g', '/tool', '/g/changed', '/g/changed', '/g/changed']);
  });
});

describe('xm xenstore by itself', () => {
  beforeEach(plant);

  const json = async (...words: Words) =>
    JSON.parse((await runProgram(xm, ['xenstore', ...words, '--json'], env())).stdout);

  test('--json', async () => {
    expect(await json('read', '/g/one', 'g/rel')).toEqual({ '/g/one': 'first', 'g/rel': 'relative' });
    expect(await json('list', '/g/a')).toEqual({ '/g/a': ['b', 'valued'] });
    expect(await json('ls', '-p', '/g/a/b')).toEqual([{ path: '/g/a/b/c', value: 'deep', perms: ['n0'] }]);
    expect(await json('exists', '/g/one', '/g/none')).toEqual({ '/g/one': true, '/g/none': false });
    expect(await json('write', '/g/x', '1')).toEqual({ written: ['/g/x'] });
    expect(await json('chmod', '-r', '/g/a/b', 'b0')).toEqual({ changed: ['/g/a/b', '/g/a/b/c'], modes: ['b0'] });
    expect(await json('rm', '-t', '/g/a/b/c')).toEqual({ removed: ['/g/a/b/c', '/g/a/b'] });
    expect(await json('watch', '-n', '1', '/g')).toEqual({ path: '/g' });
    expect(await json('read', '/g/none')).toMatchObject({ error: { code: 'ENOENT', exit: 1 } });
  });

  test.each([
    [['read'], "Error: 'xm xenstore read' requires at least 1 arguments."],
    [['write', '/g/one'], 'Error: /g/one has no value.'],
    [['chmod', '/g/one', 'r5x'], "Error: Invalid permission specification: 'r5x'"],
    [['watch', '-n', 'x', '/g'], "Error: Invalid argument for --number: 'x' is not a positive whole number."],
  ] as const)('%j is refused', async (words, message) => {
    expect(await ours(words)).toEqual({ status: 1, stdout: '', stderr: message });
  });

  test('nobody at XENSTORED_PATH', async () => {
    const run = await runProgram(xm, ['xenstore', 'ls'], { ...env(), XENSTORED_PATH: '/nonexistent/socket' });
    expect(run).toMatchObject({ status: 1, stdout: '' });
    expect(run.stderr).toMatch(/^Error: Unable to connect to xenstore: .*\nHint: XENSTORED_PATH/);
  });

  test('starts xend like other commands, and its watch ends with it', async () => {
    await using home = xmHome();
    await home.ok(['xenstore', 'write', '/t/a', 'b']);
    expect(await home.ok(['xenstore', 'read', '/t/a'])).toBe('b\n');
    const watch = home.start(['xenstore', 'watch', '/t']);
    const said: string[] = [];
    createInterface({ input: watch.stdout! }).on('line', (line) => said.push(line));
    createInterface({ input: watch.stderr! }).on('line', (line) => said.push(line));
    await expect.poll(() => said, { timeout: 20_000 }).toEqual(['/t']);
    const ended = once(watch, 'close');
    await home.ok(['xend', 'stop']);
    expect(await ended).toEqual([1, null]);
    expect(said).toEqual(['/t', 'Error: The connection to xenstore was lost.']);
  });
});
