// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { type Bench, median, quantile, type Report } from './report.ts';
import { startSupervisor } from './supervisor.ts';

const ROUNDS = 20;
const WARM_UP = 3;
const IDLE_DOMAINS = 50;
/** How long idleness is watched, milliseconds. */
const WATCH = 5000;
/** How long what was just created may take to settle, milliseconds. */
const SETTLE = 2000;

const SHELL = '(memory 32) (image (js (kernel shell)))';
const IDLE = '(memory 16) (image (js (kernel idle)))';

/** From `xm create`'s call to the first byte on the console, with the moments that lie between. */
async function measureCreate(report: Report): Promise<void> {
  const steps = new Map<string, number>();
  const step = (label: string): void => void steps.set(label, performance.now());
  const before = performance.now();
  await using supervisor = await startSupervisor({ onStep: step });
  const { xend } = supervisor;
  const tell = (row: string, metric: string, value: number) =>
    report({ row, column: 'xend', metric, value, unit: 'ms' });
  tell('start of xend with Domain-0', 'once', performance.now() - before);

  const phases = new Map<string, number[]>();
  for (let round = 0; round < ROUNDS + WARM_UP; round++) {
    const name = `round${round}`;
    const start = performance.now();
    await supervisor.create(name, SHELL);
    const created = performance.now();
    const console = await supervisor.console(name);
    await once(console, 'data');
    const first = performance.now();
    // The back end is made while the thread starts; its first message after that is the front end's turn.
    const announced = steps.get('console.tellDisconnected')!;
    const moments: Record<string, number> = {
      'create: thread starts, drivers are announced': announced - start,
      'create: devices connect': created - announced,
      'kernel starts, console shows its first byte': first - created,
      'create to first console byte': first - start,
    };
    for (const [row, time] of Object.entries(moments)) {
      if (round >= WARM_UP) phases.set(row, [...(phases.get(row) ?? []), time]);
    }
    console.destroy();
    await xend.methods['domain.destroy']({ domain: name });
  }
  for (const [row, times] of phases) {
    tell(row, 'median', median(times));
    if (row.startsWith('create to')) tell(row, 'p90', quantile(times, 0.9));
  }
}

/** CPU time of the whole process while it is left alone, in microseconds a second. */
async function idleCpu(): Promise<number> {
  await delay(SETTLE);
  const before = process.cpuUsage();
  await delay(WATCH);
  const { user, system } = process.cpuUsage(before);
  return ((user + system) / WATCH) * 1000;
}

async function measureIdle(report: Report): Promise<void> {
  await using supervisor = await startSupervisor();
  const alone = await idleCpu();
  const small = process.memoryUsage.rss();
  for (let index = 0; index < IDLE_DOMAINS; index++) await supervisor.create(`idle${index}`, IDLE);
  const together = await idleCpu();
  const large = process.memoryUsage.rss();
  const column = 'xend';
  const row = `idle domain (of ${IDLE_DOMAINS})`;
  report({ row, column, metric: 'memory', value: (large - small) / IDLE_DOMAINS / 2 ** 20, unit: 'MiB' });
  report({ row, column, metric: 'cpu', value: (together - alone) / IDLE_DOMAINS / 1000, unit: 'ms/s' });
  report({ row: 'xend without domains', column, metric: 'cpu', value: alone / 1000, unit: 'ms/s' });
}

export default {
  title: 'creating a domain, up to the first byte on its console; what an idle one costs',
  async run(report) {
    await measureCreate(report);
    await measureIdle(report);
    return true;
  },
} satisfies Bench;
