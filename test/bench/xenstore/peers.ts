// SPDX-License-Identifier: Apache-2.0
import { execFile, execFileSync, fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** A xenstore server that listens on a socket. */
export interface StoreServer {
  readonly name: string;
  readonly pid: number;
  readonly socket: string;
}

/** What `load.c` says. */
export interface LoadResult {
  readonly units: number;
  /** Units per second. */
  readonly rate: number;
  /** Median microseconds of a unit. */
  readonly p50: number;
  readonly errors: number;
  /** Processor time of the server per unit, microseconds. */
  readonly cpu: number;
}

/** A load, as its row is called: `read 8x1` is eight connections with one request each under way. */
export interface Load {
  readonly mode: string;
  readonly connections: number;
  readonly depth: number;
}

/** Starts our server in a process of its own. */
export async function startOurs(): Promise<StoreServer & Disposable> {
  const child = fork(fileURLToPath(new URL('./server.ts', import.meta.url)), { stdio: 'ignore' });
  const [socket] = (await once(child, 'message')) as [string];
  return { name: 'ours', pid: child.pid!, socket, [Symbol.dispose]: () => child.disconnect() };
}

/**
 * Servers that run already, from `XENSTORE_PEERS`: `NAME=DIRECTORY` each, with `pid` and `run/socket` in the directory. The
 * names `C` and `oxenstored` have targets.
 */
export function runningPeers(): StoreServer[] {
  const entries = (process.env.XENSTORE_PEERS ?? '').split(/\s+/).filter((entry) => entry !== '');
  return entries.map((entry) => {
    const [name = '', directory = ''] = entry.split('=');
    const pid = Number(readFileSync(join(directory, 'pid'), 'utf8'));
    return { name, pid, socket: join(directory, 'run/socket') };
  });
}

/** @returns the compiled load; undefined where there is no C compiler */
export function compileLoad(program: string): string | undefined {
  try {
    execFileSync('cc', ['-O2', '-o', program, fileURLToPath(new URL('./load.c', import.meta.url))], {
      stdio: 'ignore',
    });
    return program;
  } catch {
    return undefined;
  }
}

const TICKS_PER_SECOND = 100;

/** Processor time of a process so far, microseconds. */
function processorTime(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  return ((Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND) * 1e6;
}

/** Runs a load against a server for some milliseconds. */
export async function runLoad(program: string, server: StoreServer, load: Load, time: number): Promise<LoadResult> {
  const before = processorTime(server.pid);
  const args = [server.socket, load.mode, String(load.connections), String(load.depth), String(time)];
  const { stdout } = await promisify(execFile)(program, args);
  const result = JSON.parse(stdout) as Omit<LoadResult, 'cpu'>;
  return { ...result, cpu: (processorTime(server.pid) - before) / result.units };
}
