// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto';
import { closeSync, openSync, readSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { makeDemoImage } from '../../scripts/image.ts';
import { xmHome } from '../support/xm.ts';

test('xm create -N starts many from one configuration, xm destroy ends them', async () => {
  await using home = xmHome();
  const file = home.file('small.sxp', '(vm (name small) (memory 1) (pool shared) (image (js (kernel idle))))');
  expect(await home.ok(['create', '-N', '40', file])).toBe(
    `Using config file "${file}".\nStarted 40 domains, small-1 to small-40\n`,
  );
  const listed = await home.json<{ name: string; state: string }[]>(['list']);
  expect(listed).toHaveLength(41);
  expect(listed.filter(({ state }) => state === '-b----')).toHaveLength(40);

  expect(await home.run(['create', '-N', '3', file])).toMatchObject({
    status: 1,
    stderr: expect.stringContaining("0 of 3 copies started; number 1 did not: Domain 'small-1' already exists"),
  });
  await home.ok(['destroy', 'small-1', 'small-2']);
  await home.ok(['destroy', 'small-?']);
  expect(await home.json(['list'])).toHaveLength(32);
  await home.ok(['destroy', 'small-*']);
  expect(await home.json(['list'])).toHaveLength(1);
  expect(await home.run(['destroy', 'small-*'])).toMatchObject({ status: 3, stdout: '' });
});

test('the number stands for each %d', async () => {
  await using home = xmHome();
  const text = "(vm (name a%d) (memory 1) (pool shared) (idc %d-pair) (image (js (kernel idle) (args 'n=%d'))))";
  const file = home.file('numbered.sxp', text);
  const dry = await home.ok(['create', '-n', '-N', '2', file]);
  expect(dry).toContain('(name a1)');
  expect(dry).toContain('(idc 1-pair)');
  const made = await home.json<{ name: string }[]>(['create', '-N', '2', file]);
  expect(made.map(({ name }) => name)).toEqual(['a1', 'a2']);
  expect(await home.ok(['list', '-l', 'a2'])).toContain('n=2');
  expect((await home.run(['create', file])).stderr).toContain("not 'a%d'");
});

test('a name that is too long with its number', async () => {
  await using home = xmHome();
  const file = home.file('long.sxp', `(vm (name ${'n'.repeat(64)}) (memory 32) (image (js (kernel idle))))`);
  const { status, stderr } = await home.run(['create', '-N', '2', file]);
  expect(status).toBe(1);
  expect(stderr).toContain('Invalid VM Name: it may have at most 64 characters, not 66');
});

test('as many as fit stay', async () => {
  await using home = xmHome();
  const info = await home.json<{ total_memory: number }>(['info']);
  const memory = Math.floor(info.total_memory / 2.5);
  const file = home.file('big.sxp', `(vm (name big) (memory ${memory}) (pool shared) (image (js (kernel idle))))`);
  const { status, stderr } = await home.run(['create', '-N', '5', file]);
  expect(status).toBe(1);
  expect(stderr).toMatch(
    /2 of 5 copies started; number 3 did not: \d+ MB of memory are more than the \d+ MB that are free/,
  );
  expect(stderr).toContain(`'xm destroy "big-*"' ends them`);
  expect(await home.json(['list'])).toHaveLength(3);
});

test('configs/cow-boot.sxp: copies read the same', async () => {
  makeDemoImage();
  const configs = resolve(import.meta.dirname, '../../configs');
  await using home = xmHome();
  await home.ok(['create', '-q', '-N', '5', resolve(configs, 'cow-boot.sxp')]);
  const bytes = Buffer.alloc(8 * 2 ** 20);
  const image = openSync(resolve(configs, 'demo.img'), 'r');
  readSync(image, bytes);
  closeSync(image);
  const sum = createHash('md5').update(bytes).digest('hex');
  for (let number = 1; number <= 5; number++) {
    const said = await home.ok(['console', `cow-boot-${number}`, '--until', 'bytes']);
    expect(said).toContain(`${sum}  xvda, 8388608 bytes`);
  }
});

test('XEND_POOL_THREADS says how many threads there are', async () => {
  await using home = xmHome();
  const wrong = await home.run(['xend', 'start'], { env: { XEND_POOL_THREADS: 'many' } });
  expect(wrong.status).toBe(1);
  expect(wrong.stderr).toContain('XEND_POOL_THREADS must be a number from 1 to 999, not many');
  await home.ok(['xend', 'start'], { env: { XEND_POOL_THREADS: '1' } });
  const file = home.file('small.sxp', '(vm (name small) (memory 1) (pool shared) (image (js (kernel idle))))');
  await home.ok(['create', '-N', '4', file]);
  const log = await home.ok(['log']);
  expect(log.match(/thread shared\/\d+ started/g)).toEqual(['thread shared/1 started']);
});
