// SPDX-License-Identifier: Apache-2.0
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { isAlive } from '../../src/processes.ts';

test('a process that runs is alive, one that has been waited for is not', () => {
  expect(isAlive(process.pid)).toBe(true);
  expect(isAlive(spawnSync('true').pid)).toBe(false);
  expect([0, -1, Number.NaN].map(isAlive)).toEqual([false, false, false]);
});

test('a process that nobody waited for is not alive', async () => {
  // The shell becomes a sleep, which never asks how the child it inherited has ended.
  const parent = spawn('sh', ['-c', 'true & echo $!; exec sleep 60'], { stdio: ['ignore', 'pipe', 'ignore'] });
  try {
    const [line] = await once(parent.stdout, 'data');
    await expect.poll(() => isAlive(Number(line)), { timeout: 10_000 }).toBe(false);
  } finally {
    parent.kill('SIGKILL');
  }
});
