// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, expect, test } from 'vitest';
import { openLog } from '../../../src/xend/log.ts';
import { openPoolFile } from '../../../src/xend/pool-file.ts';

let directory: string;
const logs = mkdtempSync('/tmp/xp-');
const log = openLog(join(logs, 'xend.log'));
const open = () => openPoolFile(join(directory, 'pools.sxp'), log);
const said = () => log.read({});

beforeEach(() => {
  directory = mkdtempSync('/tmp/xp-');
});
afterAll(() => rmSync(logs, { recursive: true }));
afterEach(() => rmSync(directory, { recursive: true }));

test('what is kept is there again', () => {
  expect(open().read()).toEqual([]);
  const pools = [
    { name: 'a', threads: [1, 4] },
    { name: 'b.c-d', threads: [2] },
  ];
  open().write(pools);
  expect(open().read()).toEqual(pools);
  open().write([]);
  expect(open().read()).toEqual([]);
  expect(said()).toEqual([]);
});

test('what is broken is said, and harms nothing else', () => {
  const path = join(directory, 'pools.sxp');
  writeFileSync(
    path,
    '(cpupool (name a) (threads (1)))\n(cpupool (name b))\n(cpupool (name c) (threads (x 2 999)))\n(cpupool (na',
  );
  expect(open().read()).toEqual([{ name: 'a', threads: [1] }]);
  const torn = expect.stringContaining(`${path}: unexpected end of input`);
  expect(said()).toEqual([
    torn,
    torn,
    expect.stringContaining("pool 'b' has no numbers of threads"),
    expect.stringContaining("pool 'c' has no numbers of threads"),
  ]);
  expect(readFileSync(path, 'utf8')).toContain('(name b)');
});

test('a directory that is gone is an error, and nothing is kept', () => {
  rmSync(directory, { recursive: true });
  expect(() => open().write([{ name: 'a', threads: [1] }])).toThrow(/^Cannot write the pools: ENOENT/);
  expect(open().read()).toEqual([]);
  directory = mkdtempSync('/tmp/xp-');
});
