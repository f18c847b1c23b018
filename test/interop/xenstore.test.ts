// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { statSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findProgram, runProgram, startProgram } from '../support/programs.ts';
import { startXend, type TestXend } from '../support/xend.ts';

/** Debian's packages xenstore-utils and xen-utils-4.17: the tools, and the test program of the real daemons. */
const ls = findProgram('xenstore-ls');
const tester = findProgram('test-xenstore', ['/usr/lib/xen-4.17/bin']);
const controller = findProgram('xenstore-control', ['/usr/lib/xen-4.17/bin']);
const missing = 'not installed: apt-get install xenstore-utils xen-utils-4.17';
if (ls === undefined || tester === undefined) console.log(`interop with xenstore's programs is skipped, ${missing}`);

let xend: TestXend;
beforeAll(async () => {
  xend = await startXend();
});
afterAll(() => xend[Symbol.asyncDispose]());

const env = () => ({ XENSTORED_PATH: xend.paths.xenstoreSocket });

/** Runs `xenstore-NAME`, which must succeed and say nothing on stderr. */
async function ok(name: string, ...args: string[]): Promise<string> {
  const { status, stdout, stderr } = await runProgram(`xenstore-${name}`, args, env());
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return stdout;
}

async function fails(name: string, ...args: string[]): Promise<string> {
  const { status, stderr } = await runProgram(`xenstore-${name}`, args, env());
  expect(status).toBe(1);
  return stderr;
}

describe.skipIf(ls === undefined)('xenstore-utils, unchanged', () => {
  test('the socket is its owner alone’s', () => {
    expect(statSync(xend.paths.xenstoreSocket).mode & 0o777).toBe(0o600);
  });

  test('write, read, list, exists, rm', async () => {
    await ok('write', '/t/a', 'one', '/t/b', 'two\\nlines');
    expect(await ok('read', '/t/a', '/t/b')).toBe('one\ntwo\\nlines\n');
    expect(await ok('list', '/t')).toBe('a\nb\n');
    await ok('exists', '/t/a', '/t/b');
    expect(await fails('exists', '/t/a', '/t/none')).toBe('');
    expect(await fails('read', '/t/none')).toContain("couldn't read path /t/none");
    await ok('rm', '/t/a');
    expect(await ok('list', '/t')).toBe('b\n');
    await ok('rm', '-t', '/t/b');
    expect(await fails('list', '/t')).toContain('/t');
  });

  test('ls shows the tree and its permissions, chmod changes them', async () => {
    await ok('write', '/p/x', 'v');
    await ok('chmod', '-r', '/p', 'n0', 'r7');
    const shown = await ok('ls', '-f', '-p', '/p');
    expect(shown).toMatch(/^\/p\/x = "v" +\(n0,r7\)$/m);
    expect(await fails('chmod', '/p', 'x7')).toContain('Invalid permission specification');
  });

  test('a directory larger than a message is listed whole, in order', async () => {
    const names = Array.from({ length: 10_000 }, (_, i) => `child-number-${i}`);
    const dom0 = xend.xend.store.connect(0, () => true);
    for (const name of names) dom0.write(`/large/${name}`, '');
    dom0.close();
    expect((await ok('list', '/large')).split('\n').slice(0, -1)).toEqual(names);
  });

  test('watch sees its first event and what changes below', async () => {
    const watcher = startProgram('xenstore-watch', ['-n', '3', '/w'], env());
    const lines = createInterface({ input: watcher.stdout! })[Symbol.asyncIterator]();
    const next = async () => (await lines.next()).value;
    expect(await next()).toBe('/w');
    await ok('write', '/w/deep/er', '');
    expect(await next()).toBe('/w/deep/er');
    const ended = once(watcher, 'close');
    await ok('rm', '/w');
    expect(await next()).toBe('/w');
    expect(await ended).toEqual([0, null]);
  });

  test('a domain shows up and goes, its own nodes with it', async () => {
    const { domid } = await xend.create({ name: 'shown' });
    expect(await ok('read', `/local/domain/${domid}/name`)).toBe('shown\n');
    await xend.call('domain.destroy', { domain: 'shown' });
    await fails('exists', `/local/domain/${domid}`);
    expect(xend.xend.store.check()).toEqual([]);
  });

  test('no connection, watch or transaction of an ended program stays', () => {
    expect(xend.xend.store.usage(0)).toMatchObject({ watches: 0, transactions: 0 });
  });
});

describe.skipIf(controller === undefined)('xenstore-control', () => {
  test('check, quota, memreport', async () => {
    const run = async (...args: string[]) => (await runProgram(controller!, args, env())).stdout;
    expect(await run('check')).toBe('OK\n');
    expect(await run('quota')).toMatch(/^nodes +: +1000$/m);
    await run('quota', 'set', 'nodes', '1001');
    expect(xend.xend.store.quotas.nodes).toBe(1001);
    expect(await run('quota', '0')).toMatch(/^Domain 0:\nnodes +: +\d+$/m);
    expect(await run('memreport')).toMatch(/^nodes +: +\d+$/m);
  });
});

describe.skipIf(tester === undefined)('test-xenstore', () => {
  test('all tests pass, and the accounts hold after random ones', { timeout: 60_000 }, async () => {
    const seconds = process.env.TEST_XENSTORE_SECONDS ?? '3';
    for (const args of [
      ['-i', '20'],
      ['-r', seconds],
    ]) {
      expect(await runProgram(tester!, args, env())).toMatchObject({ status: 0, stderr: '' });
    }
    expect(xend.xend.store.check()).toEqual([]);
  });
});
