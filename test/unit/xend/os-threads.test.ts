// SPDX-License-Identifier: Apache-2.0
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { afterEach, describe, expect, test } from 'vitest';
import { listThreads, pinThread, placementOf, threadIdOf } from '../../../src/xend/os-threads.ts';

const workers: Worker[] = [];

/** A thread that runs. */
async function start(name: string): Promise<Worker> {
  const text = "require('node:worker_threads').parentPort.postMessage('up'); setInterval(() => {}, 1000)";
  const worker = new Worker(text, { eval: true, name });
  workers.push(worker);
  await once(worker, 'message');
  return worker;
}

afterEach(async () => {
  for (const worker of workers.splice(0)) await worker.terminate();
});

describe.skipIf(!existsSync('/proc/self/task'))('threads, as the operating system has them', () => {
  test('are found by the beginning of their names, also by odd ones', async () => {
    const found = [];
    for (const name of ['901/demo', '902/demo', '903/a name (with) a bracket']) {
      const worker = await start(name);
      found.push(threadIdOf(worker, listThreads()));
    }
    expect(new Set(found).size).toBe(3);
    for (const number of found) expect(placementOf(number!)?.cpu).toBeGreaterThanOrEqual(0);
  });

  test('that have ended are not there', async () => {
    const worker = await start('904/short');
    const number = threadIdOf(worker, listThreads())!;
    await worker.terminate();
    await expect.poll(() => placementOf(number)).toBeUndefined();
    await expect(pinThread(number, [0])).rejects.toMatchObject({ code: 'EINVAL' });
  });

  test.skipIf(spawnSync('taskset', ['--version']).status !== 0)(
    'are bound to processors, and not to what is none',
    async () => {
      const number = threadIdOf(await start('905/bound'), listThreads())!;
      const all = placementOf(process.pid)!.affinity;
      await pinThread(number, [all[0]!]);
      expect(placementOf(number)?.affinity).toEqual([all[0]]);
      expect(placementOf(process.pid)?.affinity).toEqual(all);
      await expect(pinThread(number, [1023])).rejects.toThrow('The thread cannot be bound to 1023: ');
      await pinThread(number, all);
      expect(placementOf(number)?.affinity).toEqual(all);
    },
  );
});
