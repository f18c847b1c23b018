// SPDX-License-Identifier: Apache-2.0
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { isAlive } from '../../src/processes.ts';
import { eventually } from './until.ts';

const xm = fileURLToPath(new URL('../../bin/xm', import.meta.url));

/** What one run of the built `xm` left behind. */
export interface XmRun {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** What a test may say about a run. */
export interface XmRunOptions {
  /** What is typed; stdin ends after it. */
  readonly input?: string;
  readonly env?: NodeJS.ProcessEnv;
}

/** A place of its own for a supervisor and the `xm` that talks to it. */
export interface XmHome extends AsyncDisposable {
  readonly directory: string;
  readonly runDir: string;
  readonly stateDir: string;
  /** Runs `bin/xm` to its end. */
  run(args: readonly string[], options?: XmRunOptions): Promise<XmRun>;
  /** Runs it and expects success. @returns stdout */
  ok(args: readonly string[], options?: XmRunOptions): Promise<string>;
  /** The same with `--json`, parsed. */
  json<T = unknown>(args: readonly string[], options?: XmRunOptions): Promise<T>;
  /** Starts it and leaves it running; ended with the home. */
  start(args: readonly string[]): ChildProcess;
  /** The supervisor's process, if its pid file is there. */
  pid(): number | undefined;
  /** Writes a file into {@link directory}. @returns its path */
  file(name: string, content: Uint8Array | string): string;
}

/**
 * Makes such a place; disposing of it ends everything in it. Its supervisor starts with the first command.
 *
 * @param user whom it belongs to and who runs `xm` there, if that is not the test's own; needs root
 */
export function xmHome(user?: number): XmHome {
  const directory = mkdtempSync('/tmp/xm-');
  const owner = user === undefined ? {} : { uid: user, gid: user };
  if (user !== undefined) chownSync(directory, user, user);
  const runDir = join(directory, 'run');
  const stateDir = join(directory, 'state');
  const children = new Set<ChildProcess>();
  const environment = { PATH: process.env.PATH, HOME: directory, XEND_RUNDIR: runDir, XEND_STATEDIR: stateDir };

  function launch(args: readonly string[], env: NodeJS.ProcessEnv = {}): ChildProcess {
    const child = spawn(xm, args, { cwd: directory, env: { ...environment, ...env }, ...owner });
    children.add(child);
    child.once('close', () => children.delete(child));
    return child;
  }

  async function run(args: readonly string[], { input = '', env }: XmRunOptions = {}): Promise<XmRun> {
    const child = launch(args, env);
    // It may be gone before it has read all of it.
    child.stdin!.on('error', () => {});
    child.stdin!.end(input);
    const [stdout, stderr, [status]] = await Promise.all([
      text(child.stdout!),
      text(child.stderr!),
      once(child, 'close') as Promise<[number | null]>,
    ]);
    return { status, stdout, stderr };
  }

  async function ok(args: readonly string[], options?: XmRunOptions): Promise<string> {
    const { status, stdout, stderr } = await run(args, options);
    if (status !== 0) throw new Error(`xm ${args.join(' ')} ended with status ${status}: ${stderr}${stdout}`);
    return stdout;
  }

  function pid(): number | undefined {
    try {
      return Number.parseInt(readFileSync(join(runDir, 'xend.pid'), 'utf8'), 10);
    } catch {
      return undefined;
    }
  }

  return {
    directory,
    runDir,
    stateDir,
    run,
    ok,
    json: async (args, options) => JSON.parse(await ok([...args, '--json'], options)),
    start: (args) => launch(args),
    pid,
    file(name, content) {
      const path = join(directory, name);
      writeFileSync(path, content);
      if (user !== undefined) chownSync(path, user, user);
      return path;
    },
    async [Symbol.asyncDispose]() {
      for (const child of children) child.kill('SIGKILL');
      const supervisor = pid();
      if (supervisor !== undefined && isAlive(supervisor)) {
        process.kill(supervisor, 'SIGTERM');
        await eventually(() => !isAlive(supervisor)).catch(() => process.kill(supervisor, 'SIGKILL'));
      }
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
