// SPDX-License-Identifier: Apache-2.0
import { spawnSync } from 'node:child_process';

/** `nobody`, on every Linux. */
const NOBODY = 65534;

/**
 * A user for whom permissions hold, to run `xm` as.
 *
 * @returns undefined if that is who we are; `root` if we are that and nobody else can run `xm` here
 */
export function ordinaryUser(): number | undefined | 'root' {
  if (process.getuid?.() !== 0) return undefined;
  const xm = new URL('../../bin/xm', import.meta.url).pathname;
  return spawnSync(xm, ['--version'], { uid: NOBODY, gid: NOBODY, env: {} }).status === 0 ? NOBODY : 'root';
}
