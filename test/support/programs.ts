// SPDX-License-Identifier: Apache-2.0
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

/** What a run of somebody else's program left behind. */
export interface ProgramRun {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Where a program is, if it is installed. @param directories where to look before `PATH` */
export function findProgram(name: string, directories: readonly string[] = []): string | undefined {
  return [...directories, ...(process.env.PATH ?? '').split(':')]
    .map((directory) => join(directory, name))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

/** Starts a program with a small environment. */
export function startProgram(path: string, args: readonly string[], env: NodeJS.ProcessEnv): ChildProcess {
  return spawn(path, args, { env: { PATH: process.env.PATH, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
}

/** Runs a program to its end, without blocking this thread, which may serve it. */
export async function runProgram(path: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<ProgramRun> {
  const child = startProgram(path, args, env);
  const [stdout, stderr, [status]] = await Promise.all([
    text(child.stdout!),
    text(child.stderr!),
    once(child, 'close') as Promise<[number | null]>,
  ]);
  return { status, stdout, stderr };
}
