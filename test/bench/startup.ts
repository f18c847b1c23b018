// SPDX-License-Identifier: Apache-2.0
/**
 * CPU time that `xm list` costs beyond a bare Node: user and system time of the process, the least of several runs. Each
 * result is a line of JSON. Exits 1 above the budget. Run as `node test/bench/startup.ts [RUNS]` after a build.
 *
 * Without a xend it measures the way to the error, which loads the same modules; with one it measures the real thing.
 */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const BUDGET_MS = 110;
const root = fileURLToPath(new URL('../..', import.meta.url));
const runs = Number(process.argv[2] ?? 20);

/** bash reports a child's times to the millisecond; Node has no way to ask for those of one child. */
function leastCpu(command: readonly string[]): number {
  const script = `TIMEFORMAT='%U %S'; for ((i = 0; i < ${runs}; i++)); do time "$@" >/dev/null 2>&1; done`;
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

function report(row: string, value: number): void {
  console.log(JSON.stringify({ bench: 'startup', row, column: 'cpu', metric: 'min', value, unit: 'ms' }));
}

// The first run after a build fills the compile cache.
leastCpu(['bin/xm', 'list']);
const bare = leastCpu([process.execPath, '-e', '0']);
const list = leastCpu(['bin/xm', 'list']);
report('node -e 0', bare);
report('xm list', list);
report('xm list - node', list - bare);
report('xm list --json - node', leastCpu(['bin/xm', 'list', '--json']) - bare);
report('xm --help - node', leastCpu(['bin/xm', '--help']) - bare);
process.exitCode = list - bare > BUDGET_MS ? 1 : 0;
