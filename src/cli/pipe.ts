// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { connect } from 'node:net';
import { createCollector } from './collector.ts';

/** What a user says about a stream. */
export interface PipeOptions {
  /** Seconds of silence after the end of stdin, after which the stream is closed. Default: 1. */
  readonly linger?: number | undefined;
  /** Return what comes instead of writing it, for `--json`. */
  readonly collect?: boolean | undefined;
}

/** How much went each way, bytes. */
export interface PipeResult {
  readonly sent: number;
  readonly received: number;
  /** Only what was collected. */
  readonly output?: string;
}

/**
 * Passes bytes both ways between stdin, stdout and the unix socket at `path`: until the other end closes, or the input has ended
 * and nothing has come for a while.
 */
export async function pipeThrough(path: string, { linger = 1, collect }: PipeOptions): Promise<PipeResult> {
  const { stdin: input } = process;
  const collector = collect ? createCollector() : undefined;
  const socket = connect({ path, allowHalfOpen: true });
  let idle: NodeJS.Timeout | undefined;
  let inputEnded = false;
  const restartIdle = (): void => {
    clearTimeout(idle);
    // What was not sent yet goes before the end.
    if (inputEnded) idle = setTimeout(() => socket.end(), linger * 1000);
  };
  input.once('end', () => {
    inputEnded = true;
    restartIdle();
  });
  socket.on('data', restartIdle).on('drain', restartIdle);
  socket.pipe(collector?.stream ?? process.stdout, { end: false });
  input.pipe(socket, { end: false });
  try {
    await once(socket, 'end');
  } finally {
    clearTimeout(idle);
    input.unpipe(socket).pause();
    socket.destroy();
  }
  const { bytesWritten: sent, bytesRead: received } = socket;
  return { sent, received, ...(collector && { output: collector.text() }) };
}
