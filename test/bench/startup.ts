// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Bench } from './report.ts';

const BUDGET_MS = 110;
const RUNS = 20;
const root = fileURLToPath(new URL('../..', import.meta.url));

/** bash reports a child's times to the millisecond; Node has no way to ask for those of one child. */
function leastCpu(command: readonly string[]): number {
  const script = `TIMEFORMAT='%U %S'; for ((i = 0; i < ${RUNS}; i++)); do time "$@" >/dev/null 2>&1 || true; done`;
  const env = { ...process.env, XM_NO_AUTOSTART: '1', XM_NODE: process.execPath };
  const times = execFileSync('bash', ['-c', `{ ${script}; } 2>&1`, 'bash', ...command], {
    encoding: 'utf8',
    env,
    cwd: root,
  });
  const sums = times
    .trim()
    .split('\n')
    .map((line) => line.split(' ').reduce((sum, part) => sum + Number(part) * 1000, 0));
  return Math.round(Math.min(...sums));
}

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
    leastCpu(['bin/xm', 'list']);
    const bare = leastCpu([process.execPath, '-e', '0']);
    const list = leastCpu(['bin/xm', 'list']);
    tell('node -e 0', bare);
    tell('xm list', list);
    tell('xm list - node', list - bare);
    tell('xm list --json - node', leastCpu(['bin/xm', 'list', '--json']) - bare);
    tell('one TAB - node', leastCpu(['bin/xm', '__complete', 'bash', 'xm pause ']) - bare);
    tell('xm --help - node', leastCpu(['bin/xm', '--help']) - bare);
    return list - bare <= BUDGET_MS;
  },
} satisfies Bench;
