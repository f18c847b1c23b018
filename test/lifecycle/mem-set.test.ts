// SPDX-License-Identifier: Apache-2.0
import { afterAll, beforeAll, expect, test } from 'vitest';
import { expectClear, failureOf } from '../support/clear-error.ts';
import { eventually } from '../support/until.ts';
import { startXend, type TestXend } from '../support/xend.ts';

let xend: TestXend;
beforeAll(async () => {
  xend = await startXend();
});
afterAll(() => xend[Symbol.asyncDispose]());

const set = (domain: string, memory: number) => xend.call('domain.setMemory', { domain, memory });
const setMax = (domain: string, memory: number) => xend.call('domain.setMaxMemory', { domain, memory });

async function expectRefused(promise: Promise<unknown>, text: string): Promise<void> {
  const error = await failureOf(promise);
  expectClear(error);
  expect(String(error)).toContain(text);
}

/** Takes a command of one letter and a number: extents of 1 MB (e), MB of heap (h), MB of buffers (b). Says what it can have. */
const EATER = `export default async (dom) => {
  const kept = [];
  const takers = {
    e: async (n) => { for (let i = 0; i < n; i++) kept.push(await dom.hypercalls.memory.alloc(8)); },
    h: (n) => { for (let i = 0; i < n * 16; i++) kept.push(Array.from({ length: 8192 }, (_, j) => i + j + 0.5)); },
    b: (n) => { for (let i = 0; i < n; i++) kept.push(new Uint8Array(2 ** 20).fill(1)); },
    d: () => { kept.length = 0; },
    l: () => {},
  };
  dom.console.onData(async (data) => {
    for (const word of new TextDecoder().decode(data).split(' ').filter(Boolean)) {
      const failed = await Promise.try(takers[word[0]], Number(word.slice(1))).then(() => '', (error) => error.code);
      dom.console.write(failed + 'left ' + (await dom.hypercalls.memory.left()) * 4096 / 2 ** 20 + '\\n');
    }
  });
  dom.console.write('ready\\n');
  await new Promise((end) => dom.signal.addEventListener('abort', end));
};`;

test('more and less memory: what it may take follows, and what it has is not taken from it', async () => {
  const kernel = xend.file('eater.mjs', EATER);
  const text = `(vm (name eater) (memory 64) (maxmem 256) (pool dedicated) (image (js (kernel ${kernel}))))`;
  await xend.call('domain.create', { text, file: 'x.sxp', directory: xend.directory });
  using terminal = await xend.open('eater');
  await terminal.readUntil('ready\n');
  const does = async (word: string) => {
    terminal.type(`${word} `);
    return (await terminal.readUntil('\n')).trim();
  };
  const pages = async () => Number((await does('l0')).slice(5));
  const before = await pages();
  expect(before).toBeGreaterThan(30);
  expect(await does('e40')).toMatch(/^ENOMEM/);
  await does('d0');

  await set('eater', 256);
  expect((await xend.info('eater'))?.memory).toBe(256);
  // The extents of before stay taken: only their buffers were forgotten.
  expect(await pages()).toBeGreaterThan(90);
  await does('b60');
  await expectRefused(set('eater', 32), "Domain 'eater' uses ");
  expect((await xend.info('eater'))?.memory).toBe(256);
  await does('d0');
  await eventually(() => set('eater', 128).then(() => true));
  // Up to what it had once, and no further.
  await set('eater', 256);
  await expectRefused(set('eater', 257), "Domain 'eater' may have 256 MB of memory, not 257");
  await setMax('eater', 300);
  await set('eater', 257);
  await expectRefused(setMax('eater', 256), "Domain 'eater' has 257 MB of memory");
  await setMax('eater', 1_000_000);
  const tooMuch = await failureOf(set('eater', 1_000_000));
  expect(String(tooMuch)).toMatch(/MB of memory are more than the \d+ MB that are free/);
  await expectRefused(set('eater', 8), 'A domain with a thread of its own needs 16 MB');
  expect(
    xend.xend.store
      .connect(0, () => true)
      .read('/local/domain/1/memory/target')
      .toString(),
  ).toBe(String(257 * 1024));
  // It keeps what it was given when it starts again.
  await xend.call('domain.reset', { domain: 'eater' });
  expect((await xend.info('eater'))?.memory).toBe(257);
  await xend.call('domain.destroy', { domain: 'eater' });
});

test('pages that a domain has are not taken from it', async () => {
  const kernel = xend.file('eater.mjs', EATER);
  await xend.create({ name: 'pages', kernel, memory: 64, pool: 'dedicated' });
  using terminal = await xend.open('pages');
  await terminal.readUntil('ready\n');
  terminal.type('e24 ');
  await terminal.readUntil('\n');
  await expectRefused(set('pages', 44), "Domain 'pages' has more pages than half of 44 MB");
  await set('pages', 50);
  expect((await xend.info('pages'))?.memory).toBe(50);
  await xend.call('domain.destroy', { domain: 'pages' });
});

test('a heap that was within the limit is not within a smaller one; its domain ends by the new one', async () => {
  const kernel = xend.file('eater.mjs', EATER);
  await xend.create({ name: 'heap', kernel, memory: 128, pool: 'dedicated' });
  using terminal = await xend.open('heap');
  await terminal.readUntil('ready\n');
  terminal.type('h50 ');
  await terminal.readUntil('\n');
  await expectRefused(set('heap', 48), "Domain 'heap' uses ");
  terminal.type('d0 ');
  await terminal.readUntil('\n');
  await eventually(() => set('heap', 32).then(() => true));
  terminal.type('h60 ');
  await eventually(async () => (await xend.info('heap')) === undefined);
  expect(xend.xend.log.read({ lines: 30 }).join('\n')).toContain('has 32 MB of memory and uses');
});

test('Domain-0 has no quota; who shares a thread gets more, and not less', async () => {
  await expectRefused(set('Domain-0', 64), 'Cannot set the memory of privileged domain Domain-0');
  await xend.create({ name: 'light', memory: 8, pool: 'shared' });
  await setMax('light', 16);
  await set('light', 16);
  await expectRefused(set('light', 8), "Domain 'light' shares its thread");
});

test('more than a configuration may say, which could not be read again', async () => {
  await xend.create({ name: 'huge', kernel: 'idle' });
  for (const change of [set, setMax]) {
    await expectRefused(change('huge', 2 ** 20 + 1), 'No domain may have more than 1048576 MB of memory, and 1048577');
  }
  await setMax('huge', 2 ** 20);
  await xend.call('domain.destroy', { domain: 'huge' });
});
