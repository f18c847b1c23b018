// SPDX-License-Identifier: Apache-2.0
import { chmodSync, lstatSync, mkdirSync, type Stats, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { getSystemErrorMessage } from 'node:util';
import { XmError } from './errors.ts';

/** What others may do with what is ours: nothing with a directory, and with a file not even its owner runs it. */
export const CLOSED = { directory: 0o077, file: 0o177 } as const;
/** Rights of others to write: what is there may be theirs. */
const OTHERS_WRITE = 0o022;

/**
 * Makes a directory, mode 0700, and those above it that are not there. One by one: Node's own `recursive` never returns where
 * a directory takes no others, e.g. /proc.
 *
 * @throws XmError `EDIRECTORY` that says which one cannot be made, and why
 */
export function makeDirectory(path: string): void {
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    const { code, errno = 0 } = error as NodeJS.ErrnoException;
    if (isDirectory(path)) return;
    const parent = dirname(path);
    if (code === 'ENOENT' && !isDirectory(parent)) {
      makeDirectory(parent);
      makeDirectory(path);
      return;
    }
    const why = code === 'ENOENT' ? `${parent} takes no directories` : getSystemErrorMessage(errno);
    throw new XmError('EDIRECTORY', `Cannot make the directory ${path}: ${why}`, { cause: error });
  }
}

/**
 * Makes a directory for ourselves alone, or takes one that is there: it must be ours, and nobody else may have put anything into it.
 * If others could read it, they no longer can.
 *
 * @throws XmError `EDIRECTORY`
 */
export function takeDirectory(path: string): void {
  makeDirectory(path);
  requireOwn(path);
  const { mode } = statSync(path);
  if ((mode & CLOSED.directory) !== 0) chmodSync(path, mode & 0o700);
}

/**
 * Refuses a path that somebody else may have made, or may have filled, as tmux and sshd do; one that is not there is no danger.
 *
 * @throws XmError `EDIRECTORY`
 */
export function requireOwn(path: string): void {
  const fault = accessFault(path, OTHERS_WRITE);
  if (fault !== undefined) throw fault;
}

/**
 * Whether a directory or socket, and the link that leads to it, are ours.
 *
 * @param barred bits of the mode that must not be set
 * @returns what is wrong, with what to do about it; undefined if nothing is, or if nothing is there
 */
export function accessFault(path: string, barred: number): XmError | undefined {
  const named = look(lstatSync, path);
  const found = look(statSync, path);
  const foreign = [named, found].find((stat) => stat !== undefined && stat.uid !== process.getuid?.());
  if (foreign !== undefined) {
    const hint = 'use a directory of your own';
    return new XmError('EDIRECTORY', `${path} belongs to another user (${foreign.uid})`, { hint });
  }
  if (found === undefined || (found.mode & barred) === 0) return undefined;
  const mend = `chmod ${found.isDirectory() ? 700 : 600} ${path}`;
  return new XmError('EDIRECTORY', `${path} is open to others: mode ${octal(found)}`, {
    hint: (found.mode & OTHERS_WRITE) === 0 ? mend : `see what others may have put there, then ${mend}`,
  });
}

/** A mode as chmod takes it, e.g. `0700`. */
export function octal({ mode }: Stats): string {
  return (mode & 0o777).toString(8).padStart(4, '0');
}

function isDirectory(path: string): boolean {
  return look(statSync, path)?.isDirectory() === true;
}

/** @returns undefined if there is nothing, or nothing that can be reached */
function look(stat: typeof lstatSync | typeof statSync, path: string): Stats | undefined {
  try {
    return stat(path);
  } catch {
    return undefined;
  }
}
