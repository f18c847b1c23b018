// SPDX-License-Identifier: Apache-2.0
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import type { Quotas } from '../../../src/idc/contract.ts';
import { driveBareRings, serveBareRings } from './bare-end.ts';
import { openBareRing, type Waiting } from './bare-ring.ts';
import { driveComlink, serveComlink } from './comlink-end.ts';
import { type DomainPart, startBack, startFront, startLoopback } from './domain-end.ts';
import type { DrivingEnd, Task } from './end.ts';
import { drivePages, driveSet } from './local-end.ts';
import { measure } from './measure.ts';
import { drivePort, servePort } from './port-end.ts';
import { connectSocket, driveSocket } from './socket-end.ts';

/** What ends are made of, by what they are. Both ends of a pair have the same, but for whether they drive. */
interface Kinds {
  readonly front: DomainPart;
  readonly back: DomainPart;
  readonly loopback: { readonly quotas: Quotas };
  readonly port: Pair & { readonly port: MessagePort; readonly transfer: boolean };
  readonly comlink: Pair & { readonly port: MessagePort };
  readonly bare: Pair & { readonly buffers: readonly SharedArrayBuffer[]; readonly waiting: Waiting };
  readonly socket: { readonly path: string; readonly messageBytes: number };
  readonly set: object;
  readonly pages: object;
}

interface Pair {
  readonly drives: boolean;
  readonly messageBytes: number;
}

/** Which end a thread is. */
export type Part = { readonly [Kind in keyof Kinds]: { readonly kind: Kind } & Kinds[Kind] }[keyof Kinds];

/** Starts an end. @returns nothing for one that serves */
async function start(part: Part): Promise<DrivingEnd | undefined> {
  switch (part.kind) {
    case 'front':
      return startFront(part);
    case 'back':
      await startBack(part);
      return undefined;
    case 'loopback':
      return startLoopback(part.quotas);
    case 'port':
      if (part.drives) return drivePort(part.port, part.messageBytes, part.transfer);
      servePort(part.port, part.transfer);
      return undefined;
    case 'comlink':
      if (part.drives) return driveComlink(part.port, part.messageBytes);
      serveComlink(part.port);
      return undefined;
    case 'bare': {
      const [there, back] = part.buffers.map((buffer) => openBareRing(buffer, part.messageBytes, part.waiting));
      if (part.drives) return driveBareRings(there!, back!, part.messageBytes);
      return serveBareRings(there!, back!, part.messageBytes);
    }
    case 'socket':
      return driveSocket(await connectSocket(part.path), part.messageBytes);
    case 'set':
      return driveSet();
    case 'pages':
      return drivePages();
  }
}

// Promises of Atomics.waitAsync do not keep a thread alive by themselves.
setInterval(() => {}, 2 ** 30);
const end = await start(workerData as Part);
if (end !== undefined) {
  parentPort!.on('message', async (task: Task) => parentPort!.postMessage(await measure(end, task)));
  parentPort!.postMessage('ready');
}
