// SPDX-License-Identifier: Apache-2.0
import { existsSync, linkSync, readFileSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { XmError } from '../errors.ts';

/**
 * Makes this process the only supervisor of a directory: the pid file appears whole, by a link, or not at all.
 *
 * @returns the end of it
 * @throws XmError `EXENDRUNNING` when a living supervisor has it
 */
export function takeLock(pidFile: string): () => void {
  const mine = `${pidFile}.${process.pid}`;
  writeFileSync(mine, `${process.pid}\n`, { mode: 0o600 });
  try {
    for (let attempt = 0; attempt < 10; attempt++) {
      try {
        linkSync(mine, pidFile);
        return () => rmSync(pidFile, { force: true });
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      }
      const holder = Number.parseInt(readIfThere(pidFile), 10);
      if (isXend(holder)) {
        throw new XmError('EXENDRUNNING', `xend is already running (pid ${holder}) with this directory`, {
          hint: 'XEND_RUNDIR and XEND_STATEDIR name other directories for a second one',
        });
      }
      rmSync(pidFile, { force: true });
    }
    throw new XmError('EXENDRUNNING', `the pid file ${pidFile} cannot be taken`);
  } finally {
    unlinkSync(mine);
  }
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** Whether a process lives and is a supervisor: after a crash its number may be somebody else's. */
function isXend(pid: number): boolean {
  if (!(pid > 0) || pid === process.pid) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
  // Where there is no /proc a living process is believed to be one; a zombie's command line is empty.
  return !existsSync('/proc/self') || readIfThere(`/proc/${pid}/cmdline`).includes('xend');
}
