// SPDX-License-Identifier: Apache-2.0
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const root = fileURLToPath(new URL('../..', import.meta.url));

/**
 * User and system time of a command, the least of several runs: what else the machine does only adds to it. bash reports a child's
 * times to the millisecond; Node has no way to ask for those of one child.
 *
 * @param env beside this process's
 * @returns milliseconds
 */
export async function leastCpu(command: readonly string[], runs: number, env: NodeJS.ProcessEnv = {}): Promise<number> {
  const script = `TIMEFORMAT='%U %S'; for ((i = 0; i < ${runs}; i++)); do time "$@" >/dev/null 2>&1 || true; done`;
  const { stdout: times } = await promisify(execFile)('bash', ['-c', `{ ${script}; } 2>&1`, 'bash', ...command], {
    encoding: 'utf8',
    env: { ...process.env, XM_NO_AUTOSTART: '1', XM_NODE: process.execPath, ...env },
    cwd: root,
  });
  const sums = times
    .trim()
    .split('\n')
    .map((line) => line.split(' ').reduce((sum, part) => sum + Number(part) * 1000, 0));
  return Math.round(Math.min(...sums));
}
