// SPDX-License-Identifier: Apache-2.0
import { setTimeout as sleep } from 'node:timers/promises';

/** Until a signal that stops has come to all of the process, milliseconds; a stopped process waits for the rest of it when it goes on. */
const STOP_TIME = 50;

/** What the shell asks for with its jobs. */
export interface JobListener {
  /** It is to stop (SIGTSTP). */
  readonly stop: () => void;
  /** It goes on (SIGCONT), whoever stopped it. */
  readonly goOn: () => void;
}

/** Stops all processes of the shell's job, as Ctrl-Z does where the terminal knows that key; resolves when they go on. */
export async function stopJob(): Promise<void> {
  const handlers = process.listeners('SIGTSTP');
  // Without a handler it stops; in a job that has no shell it is ignored, and nothing waits for ever.
  process.removeAllListeners('SIGTSTP');
  process.kill(0, 'SIGTSTP');
  await sleep(STOP_TIME);
  for (const handler of handlers) process.on('SIGTSTP', handler);
}

/** Has a listener called by such signals. @returns what ends that */
export function listenToShell({ stop, goOn }: JobListener): () => void {
  process.on('SIGTSTP', stop).on('SIGCONT', goOn);
  return () => void process.off('SIGTSTP', stop).off('SIGCONT', goOn);
}
