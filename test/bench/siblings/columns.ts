// SPDX-License-Identifier: Apache-2.0
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { createMachine } from '../../../src/machine/machine.ts';
import type { Task } from './pipe.ts';

/** Two ends in threads or processes of their own. */
export interface Ends extends AsyncDisposable {
  /** Carries a task out. @returns microseconds */
  run(task: Task): Promise<number>;
}

const KERNEL = new URL('./vchan-kernel.ts', import.meta.url);
const PROCESS = fileURLToPath(new URL('./socket-process.ts', import.meta.url));

/** A line of a console. */
async function lineOf(console: Duplex): Promise<string> {
  let text = '';
  while (!text.endsWith('\n')) text += String((await once(console, 'data'))[0]);
  return text.trim();
}

async function vchan(): Promise<Ends> {
  const machine = createMachine();
  const driving = await machine.start(KERNEL, { name: 'driving', memory: 64 });
  const serving = await machine.start(KERNEL, { name: 'serving', memory: 64, args: `peer=${driving.domid}` });
  await lineOf(serving.console);
  const ask = (words: string): Promise<string> => {
    const answer = lineOf(driving.console);
    driving.console.write(words);
    return answer;
  };
  await ask(String(serving.domid));
  return {
    run: async (task) => Number(await ask(JSON.stringify(task))),
    [Symbol.asyncDispose]: () => machine.stop(),
  };
}

async function unixSocket(): Promise<Ends> {
  const directory = mkdtempSync(join(tmpdir(), 'siblings-'));
  const path = join(directory, 'socket');
  const serving = fork(PROCESS, [path, 'serve']);
  await once(serving, 'message');
  const driving = fork(PROCESS, [path, 'drive']);
  return {
    async run(task) {
      driving.send(task);
      const [us] = (await once(driving, 'message')) as [number];
      return us;
    },
    async [Symbol.asyncDispose]() {
      for (const end of [driving, serving]) {
        end.disconnect();
        await once(end, 'exit');
      }
      rmSync(directory, { recursive: true });
    },
  };
}

/** How two ends talk that know nothing of each other but a name. */
export const COLUMNS = { vchan, 'unix socket': unixSocket } satisfies Record<string, () => Promise<Ends>>;

export type Column = keyof typeof COLUMNS;
