// SPDX-License-Identifier: Apache-2.0
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import type { DomainOptions } from '../../../src/machine/contract.ts';
import { createMachine } from '../../../src/machine/machine.ts';
import type { Task } from './pipe.ts';

/** Two ends in threads or processes of their own. */
export interface Ends extends AsyncDisposable {
  /** Carries a task out. @returns microseconds */
  run(task: Task): Promise<number>;
}

const kernelOf = (name: string) => new URL(`./${name}-kernel.ts`, import.meta.url);
const PORT_WORKER = new URL('./port-worker.ts', import.meta.url);
const PROCESS = fileURLToPath(new URL('./socket-process.ts', import.meta.url));

/** A line of a console. */
async function lineOf(console: Duplex): Promise<string> {
  let text = '';
  while (!text.endsWith('\n')) text += String((await once(console, 'data'))[0]);
  return text.trim();
}

/** Two domains with the same kernel. */
async function domains(name: string, options: DomainOptions = {}): Promise<Ends> {
  const machine = createMachine();
  const kernel = kernelOf(name);
  const driving = await machine.start(kernel, { ...options, name: 'driving', memory: 64 });
  const args = `peer=${driving.domid}`;
  const serving = await machine.start(kernel, { ...options, name: 'serving', memory: 64, args });
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

/** Two processes with a socket between them. @param place a path, or 0 for TCP */
async function sockets(place: string): Promise<Ends> {
  const serving = fork(PROCESS, [place, 'serve']);
  const [bound] = (await once(serving, 'message')) as [string | number];
  const driving = fork(PROCESS, [String(bound), 'drive']);
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
    },
  };
}

async function unixSocket(): Promise<Ends> {
  const directory = mkdtempSync(join(tmpdir(), 'siblings-'));
  const ends = await sockets(join(directory, 'socket'));
  return {
    run: ends.run,
    async [Symbol.asyncDispose]() {
      await ends[Symbol.asyncDispose]();
      rmSync(directory, { recursive: true });
    },
  };
}

/** Two threads with a port each. */
async function messagePort(): Promise<Ends> {
  const { port1, port2 } = new MessageChannel();
  const start = (port: MessagePort, role: string) =>
    new Worker(PORT_WORKER, { workerData: { port, role }, transferList: [port] });
  const [serving, driving] = [start(port1, 'serve'), start(port2, 'drive')];
  return {
    async run(task) {
      driving.postMessage(task);
      const [us] = (await once(driving, 'message')) as [number];
      return us;
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([driving.terminate(), serving.terminate()]);
    },
  };
}

/** How two ends talk that know nothing of each other but a name. */
export const COLUMNS = {
  vchan: () => domains('vchan'),
  vsock: () => domains('vsock', { vsock: { bench: 'ring' } }),
  'vsock, argo': () => domains('vsock', { vsock: { bench: 'argo' } }),
  argo: () => domains('argo'),
  IDC: () => domains('idc', { idc: ['bench'] }),
  'unix socket': unixSocket,
  'TCP loopback': () => sockets('0'),
  MessagePort: messagePort,
} satisfies Record<string, () => Promise<Ends>>;

export type Column = keyof typeof COLUMNS;
