// SPDX-License-Identifier: Apache-2.0
import { spawn } from 'node:child_process';
import { fstatSync } from 'node:fs';

/** Whether somebody reads our output. */
export interface Reader extends Disposable {
  /** Aborted when nobody does any more. */
  readonly gone: AbortSignal;
}

/**
 * Notices the end of who reads stdout, if that is a pipe, also while nothing is written: `xm top -b -d 60 | head -1` then ends at
 * once. Node cannot poll an end that only writes. GNU's `tail -f` does, and dies of SIGPIPE; with another `tail`, or none, the
 * next write finds out.
 */
export function watchReader(): Reader {
  const end = new AbortController();
  if (!fstatSync(process.stdout.fd).isFIFO()) return { gone: end.signal, [Symbol.dispose]() {} };
  // It has the pipe, and must not keep it open after us.
  const watcher = spawn('tail', ['-f', `--pid=${process.pid}`, '/dev/null'], { stdio: ['ignore', 1, 'ignore'] });
  watcher.on('error', () => {});
  watcher.on('exit', (_, signal) => {
    if (signal === 'SIGPIPE') end.abort();
  });
  watcher.unref();
  return { gone: end.signal, [Symbol.dispose]: () => void watcher.kill() };
}
