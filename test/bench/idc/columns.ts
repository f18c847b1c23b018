// SPDX-License-Identifier: Apache-2.0
import { type ChildProcess, execFile, execFileSync, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { MessageChannel, type MessagePort, type Transferable, Worker } from 'node:worker_threads';
import { createHypervisor, type Hypervisor } from '../../../src/hv/hypervisor.ts';
import type { Quotas } from '../../../src/idc/contract.ts';
import { bareRingBytes, type Waiting } from './bare-ring.ts';
import { BACK, type Carrier, FRONT } from './domain-end.ts';
import type { Task } from './end.ts';
import { quotasFor } from './endpoint-end.ts';
import type { Part } from './worker.ts';

/** What is sent: bytes of a message, and bytes that may be lent at once. */
export interface Shape {
  readonly messageBytes: number;
  readonly bulkBytes: number;
}

/** Two threads or processes with something between them, or one with both ends. */
export interface Peers {
  /** Carries a task out; see `measure`. */
  run(task: Task): Promise<Float64Array>;
  stop(): Promise<void>;
}

const ENTRY = new URL('./worker.ts', import.meta.url);
const SOCKET_PROCESS = fileURLToPath(new URL('./socket-process.ts', import.meta.url));
const C_SOURCE = fileURLToPath(new URL('./ring.c', import.meta.url));
const DOMAIN_PAGES = 65_536;
const IDLE_QUOTAS: Quotas = { inFlight: 4, bodyBytes: 64, registrations: 1 };

function startThread(part: Part, transferList: readonly Transferable[] = []): Worker {
  return new Worker(ENTRY, { workerData: part, transferList: [...transferList] });
}

/** The first thread drives, and is ready or will say so. */
function peersOf(threads: readonly [Worker, ...Worker[]]): Peers {
  const [driver] = threads;
  const ready = once(driver, 'message');
  return {
    async run(task) {
      await ready;
      driver.postMessage(task);
      const [result] = (await once(driver, 'message')) as [Float64Array];
      return result;
    },
    async stop() {
      for (const thread of threads) await thread.terminate();
    },
  };
}

/** Connects the ends of two domains once, as xend does. */
type Introduce = (hv: Hypervisor, front: MessagePort, back: MessagePort) => Promise<void>;

const INTRODUCE: Readonly<Record<Carrier, Introduce>> = {
  async ring(hv, front, back) {
    const [frames] = (await once(front, 'message')) as [readonly number[]];
    const { near, far } = hv.bindPair(FRONT, BACK);
    back.postMessage({ frames, port: far });
    await once(back, 'message');
    front.postMessage(near);
  },
  async argo(_hv, front, back) {
    await Promise.all([once(front, 'message'), once(back, 'message')]);
    for (const control of [front, back]) control.postMessage('open');
  },
};

/** Two domains with a connection between them. Others beside it do nothing. */
export async function domains(
  { messageBytes }: Shape,
  carrier: Carrier,
  { idle = 0, remote = false } = {},
): Promise<Peers & Pick<Hypervisor, 'tracing'>> {
  const hv = createHypervisor();
  const quotas = [quotasFor(messageBytes), ...new Array<Quotas>(idle).fill(IDLE_QUOTAS)];
  const start = (kind: 'front' | 'back', domid: number): { thread: Worker; control: MessagePort } => {
    const door = hv.createDomain(domid, DOMAIN_PAGES);
    const { port1, port2 } = new MessageChannel();
    return {
      thread: startThread({ kind, door, carrier, remote, quotas, control: port2 }, [door.port, port2]),
      control: port1,
    };
  };
  const front = start('front', FRONT);
  const back = start('back', BACK);
  const peers = peersOf([front.thread, back.thread]);
  for (const _ of quotas) await INTRODUCE[carrier](hv, front.control, back.control);
  return { ...peers, tracing: hv.tracing };
}

async function ports({ messageBytes }: Shape, transfer: boolean): Promise<Peers> {
  const { port1, port2 } = new MessageChannel();
  const start = (drives: boolean, port: MessagePort) =>
    startThread({ kind: 'port', drives, port, transfer, messageBytes }, [port]);
  return peersOf([start(true, port1), start(false, port2)]);
}

async function comlink({ messageBytes }: Shape): Promise<Peers> {
  const { port1, port2 } = new MessageChannel();
  const start = (drives: boolean, port: MessagePort) =>
    startThread({ kind: 'comlink', drives, port, messageBytes }, [port]);
  return peersOf([start(true, port1), start(false, port2)]);
}

async function bare({ messageBytes }: Shape, waiting: Waiting): Promise<Peers> {
  const buffers = [1, 2].map(() => new SharedArrayBuffer(bareRingBytes(messageBytes)));
  const start = (drives: boolean) => startThread({ kind: 'bare', drives, buffers, waiting, messageBytes });
  return peersOf([start(true), start(false)]);
}

async function socket({ messageBytes }: Shape): Promise<Peers> {
  const directory = mkdtempSync(join(tmpdir(), 'idc-bench-'));
  const path = join(directory, 'socket');
  const other: ChildProcess = fork(SOCKET_PROCESS, [path, String(messageBytes)]);
  await once(other, 'message');
  const peers = peersOf([startThread({ kind: 'socket', path, messageBytes })]);
  return {
    run: peers.run,
    async stop() {
      await peers.stop();
      other.disconnect();
      await once(other, 'exit');
      rmSync(directory, { recursive: true });
    },
  };
}

/** A program in C, if there is a compiler. */
async function c({ messageBytes }: Shape): Promise<Peers | undefined> {
  const directory = mkdtempSync(join(tmpdir(), 'idc-bench-'));
  const program = join(directory, 'ring');
  const stop = async (): Promise<void> => rmSync(directory, { recursive: true });
  try {
    execFileSync('cc', ['-O2', '-pthread', '-o', program, C_SOURCE], { stdio: 'ignore' });
  } catch {
    await stop();
    return undefined;
  }
  return {
    async run(task) {
      const args = [
        task.task === 'polled' ? 'active' : task.task,
        messageBytes,
        task.count,
        'pause' in task ? task.pause : 0,
      ];
      const { stdout } = await promisify(execFile)(program, args.map(String));
      return Float64Array.from(stdout.trim().split('\n'), Number);
    },
    stop,
  };
}

async function alone(part: Part): Promise<Peers> {
  return peersOf([startThread(part)]);
}

/** The columns of the table, each with how its peers are started; undefined where this machine cannot. */
export const COLUMNS = {
  ring: (shape) => domains(shape, 'ring'),
  'ring, 100 idle': (shape) => domains(shape, 'ring', { idle: 100 }),
  'remote buffer': (shape) => domains(shape, 'ring', { remote: true }),
  argo: (shape) => domains(shape, 'argo'),
  loopback: ({ messageBytes }) => alone({ kind: 'loopback', quotas: quotasFor(messageBytes) }),
  MessagePort: (shape) => ports(shape, false),
  'MessagePort transfer': (shape) => ports(shape, true),
  Comlink: comlink,
  'unix socket': socket,
  'bare spin': (shape) => bare(shape, 'spin'),
  'bare wait': (shape) => bare(shape, 'wait'),
  'bare waitAsync': (shape) => bare(shape, 'waitAsync'),
  C: c,
  'Uint8Array.set': () => alone({ kind: 'set' }),
  'shared pages': () => alone({ kind: 'pages' }),
} satisfies Record<string, (shape: Shape) => Promise<Peers | undefined>>;

export type Column = keyof typeof COLUMNS;
