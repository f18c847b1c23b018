// SPDX-License-Identifier: Apache-2.0
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createTraceMemory } from '../../src/trace/memory.ts';
import { POINT } from '../../src/trace/points.ts';
import { createRecorder, type Recorder } from '../../src/trace/recorder.ts';
import { domains } from './idc/columns.ts';
import type { Task } from './idc/end.ts';
import type { Load } from './kernels/load.ts';
import { type Bench, holds, median, type Report, type Target } from './report.ts';
import { converse, startSupervisor } from './supervisor.ts';

const KERNEL = fileURLToPath(new URL('./kernels/vbd-load.ts', import.meta.url));
/** The medians of fewer are a hundredth or two apart. */
const ROUNDS = 60;
const DISK_ROUNDS = 120;
/** That each domain keeps, as with `xm trace start`. */
const RECORDS = 16_384;
/** Rounds that compile the code; they do not count. */
const WARM_UP = 3;
/** Milliseconds after which threads sleep, and have heard whether to record. */
const SETTLE = 20;
const AT_MOST = (value: number): Target => ({ is: '<=', value });

/**
 * What two domains do over a ring; times are microseconds of one. `checks` is how often it is asked whether to record: of round trips
 * by both ends, with the event, the drain, the request or answer that comes, the one that goes, and the event for that; of messages
 * by the thread that is asked more often, as both work at the same time.
 */
const TASKS: Readonly<Record<string, { readonly task: Task; readonly checks: number }>> = {
  'message one way, 64 B': { task: { task: 'stream', count: 50_000 }, checks: 2 },
  'round trip, 64 B, active': { task: { task: 'active', count: 50_000 }, checks: 10 },
  'round trip, 64 B, idle': { task: { task: 'idle', count: 60, pause: 2 }, checks: 10 },
};

const LOADS: Readonly<Record<string, Load>> = {
  'disk, read 4 KiB random, depth 1': { op: 'read', chunk: 4096, depth: 1, count: 4000, random: true },
  'disk, read 4 KiB random, depth 16': { op: 'read', chunk: 4096, depth: 16, count: 16_000, random: true },
};

/** Nanoseconds that one pass of a loop takes, the fastest of many short runs: others who have the processor do not count. */
function costOf(loop: (count: number) => void): number {
  const count = 200_000;
  const times = Array.from({ length: 200 }, () => {
    const start = performance.now();
    loop(count);
    return ((performance.now() - start) * 1e6) / count;
  });
  return Math.min(...times);
}

/** Nanoseconds to ask whether to record, and to record. */
function costs(): { readonly check: number; readonly mark: number } {
  const recorder = createRecorder();
  const slots = new Int32Array(1024);
  // Of one in turn, or else it would be asked once for the whole loop.
  const traces: readonly (Recorder | undefined)[] = [recorder, createRecorder(), createRecorder(), createRecorder()];
  const ask = (times: number) => {
    for (let index = 0; index < times; index++) slots[index & 1023] = traces[index & 3]?.on ? -1 : index;
  };
  const count = (times: number) => {
    for (let index = 0; index < times; index++) slots[index & 1023] = index;
  };
  const check = Math.max(0, costOf(ask) - costOf(count));
  recorder.record(createTraceMemory(RECORDS));
  const mark = costOf((count) => {
    for (let index = 0; index < count; index++) recorder.mark(POINT.notify, index, 1, 2);
  });
  return { check, mark };
}

/** Reports times of both ways, and how much more the traced one takes: the median of each round's. @returns whether that is within bounds */
function compare(row: string, off: readonly number[], on: readonly number[], report: Report): boolean {
  report({ row, column: 'off', metric: 'time', value: median(off), unit: 'us' });
  report({ row, column: 'on', metric: 'time', value: median(on), unit: 'us' });
  const value = median(on.map((time, round) => time / off[round]!));
  const target = AT_MOST(1.1);
  report({ row, column: 'on', metric: 'to off', value, unit: 'ratio', target });
  return holds(target, value);
}

async function overRing(check: number, report: Report): Promise<boolean> {
  // The same threads for both: where the system lets them run decides about more.
  const peers = await domains({ messageBytes: 64, bulkBytes: 0 }, 'ring');
  let kept = true;
  for (const [row, { task, checks }] of Object.entries(TASKS)) {
    const times: Record<'off' | 'on', number[]> = { off: [], on: [] };
    for (let round = 0; round < WARM_UP + ROUNDS; round++) {
      for (const way of ['off', 'on'] as const) {
        if (way === 'on') peers.tracing.start(RECORDS);
        else peers.tracing.stop();
        await delay(SETTLE);
        const time = median([...(await peers.run(task))]);
        if (round >= WARM_UP) times[way].push(time);
      }
    }
    const share = (checks * check) / (median(times.off) * 1000);
    report({ row, column: 'off', metric: 'share of checks', value: share, unit: 'ratio', target: AT_MOST(0.01) });
    kept = compare(row, times.off, times.on, report) && share <= 0.01 && kept;
  }
  await peers.stop();
  return kept;
}

async function overDisk(report: Report): Promise<boolean> {
  await using supervisor = await startSupervisor();
  const image = join(supervisor.directory, 'disk.img');
  writeFileSync(image, new Uint8Array(16 * 1024 * 1024).fill(1));
  const disk = `(device (vbd (uname 'file:${image}') (dev xvda) (mode r)))`;
  await supervisor.create('load', `(memory 64) (image (js (kernel '${KERNEL}'))) ${disk}`);
  using guest = converse(await supervisor.console('load'));
  const { methods } = supervisor.xend;
  let kept = true;
  for (const [row, load] of Object.entries(LOADS)) {
    const times: Record<'off' | 'on', number[]> = { off: [], on: [] };
    for (let round = 0; round < WARM_UP + DISK_ROUNDS; round++) {
      for (const way of ['off', 'on'] as const) {
        await methods[way === 'on' ? 'trace.start' : 'trace.stop']({});
        const time = Number(await guest.ask(JSON.stringify({ ...load, lent: true })));
        if (round >= WARM_UP) times[way].push((time * 1000) / load.count);
      }
    }
    kept = compare(row, times.off, times.on, report) && kept;
  }
  return kept;
}

export default {
  title: 'what tracing costs: off, and on; in turns in the same run',
  async run(report) {
    const { check, mark } = costs();
    report({ row: 'one trace point', column: 'off', metric: 'time', value: check / 1000, unit: 'us' });
    report({ row: 'one trace point', column: 'on', metric: 'time', value: mark / 1000, unit: 'us' });
    const ring = await overRing(check, report);
    return (await overDisk(report)) && ring;
  },
} satisfies Bench;
