// SPDX-License-Identifier: Apache-2.0
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Config } from '@oclif/core/config';
import type { XmHome, XmRun } from './xm.ts';

/** Longest time that a command may take: a bound, not a delay. */
const LIMIT = 20_000;

const root = resolve(import.meta.dirname, '../..');

/**
 * The built command line in this process, for tests with hundreds of commands: a process for each would take most of their time.
 * It changes the environment and the working directory, so that it is for files with a process of their own; one command
 * at a time.
 *
 * @returns runs a command line
 */
export async function openXm(home: XmHome): Promise<(...args: readonly string[]) => Promise<XmRun>> {
  // What oclif warns of in development is no output of ours.
  Object.assign(process.env, { XEND_RUNDIR: home.runDir, XEND_STATEDIR: home.stateDir, NODE_ENV: 'production' });
  process.chdir(home.directory);
  const main: typeof import('../../src/cli/main.ts') = await import(
    pathToFileURL(join(root, 'dist/src/cli/main.js')).href
  );
  const config = await Config.load(root);
  const streams = [process.stdout, process.stderr];

  return async (...args) => {
    const texts = ['', ''];
    const writes = streams.map((stream) => stream.write);
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise((_, reject) => {
      timer = setTimeout(() => reject(new Error(`xm ${args.join(' ')} takes longer than ${LIMIT / 1000} s`)), LIMIT);
    });
    streams.forEach((stream, at) => {
      stream.write = (chunk: string | Uint8Array) => {
        texts[at] += typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString();
        return true;
      };
    });
    process.exitCode = 0;
    try {
      await Promise.race([main.runLine(args, config), late]);
      const [stdout = '', stderr = ''] = texts;
      return { status: Number(process.exitCode), stdout, stderr };
    } finally {
      clearTimeout(timer);
      process.exitCode = 0;
      streams.forEach((stream, at) => {
        stream.write = writes[at]!;
      });
    }
  };
}
