// SPDX-License-Identifier: Apache-2.0
import { setTimeout as delay } from 'node:timers/promises';
import { getHeapStatistics } from 'node:v8';
import { collectGarbage } from '../../support/garbage.ts';
import { type DrivingEnd, type Task, timeEach, timeOf } from './end.ts';

/**
 * Carries a task out.
 *
 * @returns microseconds: of each question, or for messages and bulk of one on the average; bytes for `heap`
 */
export async function measure(end: DrivingEnd, task: Task): Promise<Float64Array> {
  switch (task.task) {
    case 'active':
      return end.askAll!(task.count);
    case 'polled':
      return end.askPolled!(task.count);
    case 'idle':
      return askIdle(end, task.count, task.pause);
    case 'heap':
      return Float64Array.of(await growth(() => end.stream!(task.count)));
    case 'stream':
      return Float64Array.of((await timeOf(() => end.stream!(task.count))) / task.count);
    case 'bulk':
      return Float64Array.of((await end.bulk!(task.bytes, task.count)) / task.count);
  }
}

async function askIdle(end: DrivingEnd, count: number, pause: number): Promise<Float64Array> {
  const times = new Float64Array(count);
  for (let index = 0; index < count; index++) {
    await delay(pause);
    times.set(await timeEach(1, () => end.ask!()), index);
  }
  return times;
}

/** Bytes that this thread's heap has more when the work is done and what is garbage is gone. */
async function growth(work: () => Promise<void>): Promise<number> {
  collectGarbage();
  const before = getHeapStatistics().used_heap_size;
  await work();
  collectGarbage();
  return getHeapStatistics().used_heap_size - before;
}
