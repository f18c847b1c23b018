// SPDX-License-Identifier: Apache-2.0
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { children, childValue, toSxp } from '../../src/sxp/access.ts';
import { parse } from '../../src/sxp/parse.ts';
import { readGuestFile } from '../../src/xend/guest-file-read.ts';
import { expectClear, failureOf } from '../support/clear-error.ts';
import { eventually } from '../support/until.ts';
import { startXend, type TestXend } from '../support/xend.ts';

let xend: TestXend;
beforeAll(async () => {
  xend = await startXend();
});
afterAll(() => xend[Symbol.asyncDispose]());

/** A core as anybody could read it. */
async function readCore(path: string) {
  const MOST = 2 ** 30;
  const { core, config, console, pages } = await readGuestFile(path, 'core', {
    core: MOST,
    config: MOST,
    console: MOST,
    pages: MOST,
  });
  const { forms, diagnostics } = parse({ name: path, text: String(core) });
  expect(diagnostics).toEqual([]);
  return { about: toSxp(forms[0]!), config: String(config), console: String(console), pages };
}

const dump = (domain: string, more: { path?: string; live?: boolean; after?: 'destroy' | 'reset' } = {}) =>
  xend.call('domain.dump', { domain, ...more });

/** A kernel that has an extent with a word in it, and lends it to Domain-0. */
const HOLDER = `export default async (dom) => {
  const extent = await dom.hypercalls.memory.alloc(1);
  new Uint8Array(extent.buffer).set(new TextEncoder().encode('a word to find'), 5000);
  await dom.hypercalls.gnttab.grantAccess(0, extent, { readonly: true });
  dom.console.write('x'.repeat(3000) + ' last words\\n');
  await dom.console.drained();
  if (dom.args.crash) throw new Error('boom');
  await new Promise((end) => dom.signal.addEventListener('abort', end));
};`;

async function start(name: string, args = '', onCrash = 'destroy') {
  const kernel = xend.file(`${name}.mjs`, HOLDER);
  const text = `(vm (name ${name}) (memory 32) (on_crash ${onCrash}) (image (js (kernel ${kernel}) (args '${args}'))))`;
  await xend.call('domain.create', { text, file: `${name}.sxp`, directory: xend.directory });
}

/** Waits until its extent is there. */
const ready = (domain: string) =>
  eventually(async () => (await xend.call('stats', {})).domains.find(({ name }) => name === domain)!.grants > 2);

test('a core has the pages, the grant table, the event channels, the configuration and the last output', async () => {
  await start('holder');
  await ready('holder');
  const path = join(xend.directory, 'holder.core');
  for (const live of [false, true]) {
    expect(await dump('holder', { path, live })).toEqual({ path });
    const { about, config, console, pages } = await readCore(path);
    const { domid, state } = (await xend.info('holder'))!;
    expect(childValue(about, 'domid')).toBe(String(domid));
    expect(config).toContain('(name holder)');
    expect(console).toHaveLength(2048);
    expect(console.endsWith('x last words\n')).toBe(true);
    const grants = children(about, 'grant');
    const grant = grants.find((one) => childValue(one, 'readonly') === 'true')!;
    expect(childValue(grant, 'domid')).toBe('0');
    const extent = children(about, 'extent').find((one) => childValue(one, 'id') === childValue(grant, 'extent'))!;
    expect(childValue(extent, 'order')).toBe('1');
    const at = Number(childValue(extent, 'offset'));
    expect(Buffer.from(pages.buffer, pages.byteOffset + at + 5000, 14).toString()).toBe('a word to find');
    const bound = children(about, 'evtchn').filter((one) => childValue(one, 'status') === 'interdomain');
    expect(bound.map((one) => childValue(one, 'remote'))).toContain('0');
    // It goes on as it was.
    expect(state).toMatch(/^[r-][b-]----$/);
  }
  await xend.call('domain.pause', { domain: 'holder' });
  await dump('holder', { path });
  expect((await xend.info('holder'))?.state).toBe('--p---');
  await dump('holder', { path, after: 'destroy' });
  expect(await xend.info('holder')).toBeUndefined();
});

test('-R reboots the domain; Domain-0 has no core; a file that cannot be written is told', async () => {
  await start('again');
  const { domid } = (await xend.info('again'))!;
  const { path } = await dump('again', { after: 'reset' });
  expect(path).toMatch(/\/dump\/again\/\d{4}-\d{4}-\d{4}\.\d\d-again\.\d+\.core$/);
  expect((await xend.info('again'))?.domid).toBeGreaterThan(domid);
  expectClear(await failureOf(dump('Domain-0')));
  expectClear(await failureOf(dump('again', { path: '/nowhere/x' })));
  expect((await xend.info('again'))?.state).toMatch(/^[r-][b-]----$/);
  await xend.call('domain.destroy', { domain: 'again' });
});

test.each([
  ['coredump-destroy', 1],
  // Started again, it crashed again, and once more is too often.
  ['coredump-restart', 2],
])('%s: the core is of what crashed', async (action, lives) => {
  await start(action, 'crash=yes', action);
  const directory = join(xend.paths.dumpDir, action);
  const files = await eventually(() => {
    const found = readdirSync(directory).filter((file) => file.endsWith('.core'));
    return found.length === lives ? found : undefined;
  });
  await eventually(async () => (await xend.info(action)) === undefined);
  const { about, console, pages } = await readCore(join(directory, files[0]!));
  expect(childValue(about, 'reason')).toBe('crash: boom');
  expect(childValue(about, 'state')).toBe('----c-');
  expect(console.endsWith('last words\n\r\nKernel crashed: boom\r\n')).toBe(true);
  expect(Buffer.from(pages).includes('a word to find')).toBe(true);
});

test('a core that cannot be written does not keep a domain from its end, or from coming back', async () => {
  rmSync(xend.paths.dumpDir, { recursive: true, force: true });
  writeFileSync(xend.paths.dumpDir, 'in the way');
  await start('unlucky', 'crash=yes', 'coredump-destroy');
  await eventually(async () => (await xend.info('unlucky')) === undefined);
  const { lines } = await xend.call('log.read', { lines: 50 });
  expect(lines.join('\n')).toContain('There is no core of domain unlucky: Cannot make the directory');
  expect(readFileSync(xend.paths.dumpDir, 'utf8')).toBe('in the way');
});
