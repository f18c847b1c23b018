// SPDX-License-Identifier: Apache-2.0
import { leastCpu } from './least-cpu.ts';
import type { Bench } from './report.ts';

const BUDGET_MS = 110;
const RUNS = 20;

/**
 * User and system time of the process, the least of several runs; false above the budget. Without a xend it measures the
 * way to the error, which loads the same modules; with one it measures the real thing.
 */
export default {
  title: 'CPU time that a short command costs beyond a bare Node',
  async run(report) {
    const tell = (row: string, value: number) =>
      report({ row, column: 'cpu', metric: `least of ${RUNS}`, value, unit: 'ms' });
    // The first run after a build fills the compile cache.
    await leastCpu(['bin/xm', 'list'], RUNS);
    const bare = await leastCpu([process.execPath, '-e', '0'], RUNS);
    const list = await leastCpu(['bin/xm', 'list'], RUNS);
    tell('node -e 0', bare);
    tell('xm list', list);
    tell('xm list - node', list - bare);
    tell('xm list --json - node', (await leastCpu(['bin/xm', 'list', '--json'], RUNS)) - bare);
    tell('one TAB - node', (await leastCpu(['bin/xm', '__complete', 'bash', 'xm pause '], RUNS)) - bare);
    tell('xm --help - node', (await leastCpu(['bin/xm', '--help'], RUNS)) - bare);
    return list - bare <= BUDGET_MS;
  },
} satisfies Bench;
