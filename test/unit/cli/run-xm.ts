// SPDX-License-Identifier: Apache-2.0
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const xm = fileURLToPath(new URL('../../../bin/xm', import.meta.url));
/** Nothing is ever put there. */
const nowhere = join(tmpdir(), 'xm-without-xend');

/** What one run of the built `xm` left behind. */
export interface Run {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the built `xm` where no xend is and none may be started; stdin is an open pipe with `n` lines in it. */
export function runXm(args: readonly string[], env: NodeJS.ProcessEnv = {}): Run {
  const { status, stdout, stderr } = spawnSync(xm, args, {
    encoding: 'utf8',
    input: 'n\n'.repeat(100),
    timeout: 20_000,
    env: {
      PATH: process.env.PATH,
      HOME: nowhere,
      XEND_RUNDIR: nowhere,
      XEND_STATEDIR: nowhere,
      XM_NO_AUTOSTART: '1',
      ...env,
    },
  });
  return { status, stdout, stderr };
}
