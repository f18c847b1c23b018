// SPDX-License-Identifier: Apache-2.0
import { type ExecFileException, execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import type { Worker } from 'node:worker_threads';
import { messageOf, XmError } from '../errors.ts';

/** Linux shows the threads of a process here, by their numbers. */
const TASKS = '/proc/self/task';
/** Characters of a thread's name that it keeps. */
const NAME_LENGTH = 15;
/** Where the processor stands in `stat`, after the name in parentheses, which may hold anything. */
const PROCESSOR = 36;

/** Where a thread runs, as the operating system says. */
export interface Placement {
  /** The processor on which it ran last. */
  readonly cpu: number;
  /** Those on which it may run. */
  readonly affinity: readonly number[];
}

/** Numbers of the threads of this process, by what the operating system keeps of their names; none where it says nothing of them. */
export type OsThreads = ReadonlyMap<string, number>;

/** Looks for all of them, which is a file for each. */
export function listThreads(): OsThreads {
  try {
    return new Map(readdirSync(TASKS).flatMap((id) => nameOf(id).map((name) => [name, Number(id)])));
  } catch {
    return new Map();
  }
}

/** Its name, unless it has just ended. */
function nameOf(id: string): readonly string[] {
  try {
    return [readTask(id, 'comm').trimEnd()];
  } catch {
    return [];
  }
}

/** The number of a worker's thread, whose name begins with a number that no other worker of the process has. */
export function threadIdOf({ threadName }: Worker, threads: OsThreads): number | undefined {
  return threads.get(threadName?.slice(0, NAME_LENGTH) ?? '');
}

/** Where a thread of this process runs; undefined if it has ended, or nothing is said of it. */
export function placementOf(thread: number): Placement | undefined {
  try {
    const stat = readTask(String(thread), 'stat');
    const cpu = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[PROCESSOR]);
    const allowed = /^Cpus_allowed_list:\s*(\S*)$/m.exec(readTask(String(thread), 'status'))?.[1] ?? '';
    return { cpu, affinity: readRanges(allowed) };
  } catch {
    return undefined;
  }
}

/**
 * Binds a thread of this process to processors. Node has no way to; `taskset` (util-linux) does it.
 *
 * @throws XmError `ENOTSUP` without such a program, `EINVAL` if that is not possible
 */
export async function pinThread(thread: number, cpus: readonly number[]): Promise<void> {
  const failure = await new Promise<ExecFileException | null>((resolve) => {
    execFile('taskset', ['-p', '-c', cpus.join(','), String(thread)], (error) => resolve(error));
  });
  if (failure === null) return;
  if (failure.code === 'ENOENT') {
    throw new XmError('ENOTSUP', 'Binding a thread to processors is not supported here: there is no taskset', {
      hint: 'it comes with util-linux',
    });
  }
  const why = messageOf(failure).trim().split('\n').at(-1);
  throw new XmError('EINVAL', `The thread cannot be bound to ${cpus.join(',')}: ${why}`);
}

const readTask = (id: string, file: string): string => readFileSync(`${TASKS}/${id}/${file}`, 'utf8');

/** `0,2-3` as numbers. */
function readRanges(text: string): readonly number[] {
  return text.split(',').flatMap((range) => {
    const [first = 0, last = first] = range.split('-').map(Number);
    return range === '' ? [] : Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
}
