// SPDX-License-Identifier: Apache-2.0
import { linkSync, readFileSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { XmError } from '../errors.ts';
import { isAlive } from '../processes.ts';

/** Longest wait for others that look at the same leftover, in steps of {@link PAUSE}, milliseconds. */
const LIMIT = 2000;
const PAUSE = 5;
/** A supervisor's program among the words of a command line, e.g. `bin/xend.js`; a log file's name is not one. */
const PROGRAM = /(?:^|[/\0])xend[\w-]*\.[jt]s(?:\0|$)/;

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
    for (let waited = 0; waited < LIMIT; waited += PAUSE) {
      if (linked(mine, pidFile)) return () => rmSync(pidFile, { force: true });
      const holder = holderOf(pidFile);
      if (holder !== undefined) {
        throw new XmError('EXENDRUNNING', `xend is already running (pid ${holder}) with ${dirname(pidFile)}`, {
          hint: 'XEND_RUNDIR and XEND_STATEDIR name other directories for a second one',
        });
      }
      if (!removeLeftover(mine, pidFile)) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE);
    }
    throw new XmError('EXENDRUNNING', `the pid file ${pidFile} cannot be taken`);
  } finally {
    unlinkSync(mine);
  }
}

/** The living supervisor that has a directory by its pid file; undefined for no file, and for that of a dead one. */
export function holderOf(pidFile: string): number | undefined {
  const holder = Number.parseInt(readIfThere(pidFile) ?? '', 10);
  return isXend(holder) ? holder : undefined;
}

/**
 * Removes the pid file of a dead supervisor. Only one process at a time may: another one would remove what the first has put
 * in its place meanwhile.
 *
 * @returns false if another process is at it
 */
function removeLeftover(mine: string, pidFile: string): boolean {
  const turn = `${pidFile}.turn`;
  if (!linked(mine, turn)) {
    // Else its holder died within a few microseconds of work, a long time ago.
    if (isLeftover(turn)) rmSync(turn, { force: true });
    return false;
  }
  try {
    if (isLeftover(pidFile)) rmSync(pidFile, { force: true });
    return true;
  } finally {
    rmSync(turn, { force: true });
  }
}

/** Whether `path` could be made a name of the file `mine`: only if there was none. */
function linked(mine: string, path: string): boolean {
  try {
    linkSync(mine, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return false;
  }
}

/** Whether there is such a file and whoever made it is gone: then it stays as it is until somebody removes it. */
function isLeftover(path: string): boolean {
  const text = readIfThere(path);
  return text !== undefined && !isXend(Number.parseInt(text, 10));
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

/** Whether a process lives and is a supervisor: after a crash its number may be somebody else's. */
function isXend(pid: number): boolean {
  if (pid === process.pid || !isAlive(pid)) return false;
  // A living process about which nothing can be learned is believed to be one.
  const command = readIfThere(`/proc/${pid}/cmdline`);
  return command === undefined || PROGRAM.test(command);
}
