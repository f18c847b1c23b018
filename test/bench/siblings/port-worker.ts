// SPDX-License-Identifier: Apache-2.0
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { drive, type Pipe, serve, type Task } from './pipe.ts';

/** Messages in flight after which one waits for the other end: without it all of a stream would lie in memory. */
const WINDOW = 256;

const { port, role } = workerData as { readonly port: MessagePort; readonly role: 'serve' | 'drive' };

/** Each write a message, cloned as `postMessage` does. */
function portPipe(): Pipe {
  const parts: Uint8Array[] = [];
  let came: ((part: Uint8Array) => void) | undefined;
  let confirmed: (() => void) | undefined;
  let unconfirmed = 0;
  let taken = 0;
  port.on('message', (message: Uint8Array | number) => {
    if (typeof message === 'number') {
      unconfirmed -= message;
      confirmed?.();
      return;
    }
    if (++taken === WINDOW / 2) {
      port.postMessage(taken);
      taken = 0;
    }
    if (came === undefined) parts.push(message);
    else {
      const take = came;
      came = undefined;
      take(message);
    }
  });
  return {
    read: () => parts.shift() ?? new Promise((resolve) => (came = resolve)),
    write(bytes) {
      port.postMessage(bytes);
      return ++unconfirmed < WINDOW ? undefined : new Promise((resolve) => (confirmed = resolve));
    },
  };
}

const pipe = portPipe();
if (role === 'serve') void serve(pipe);
else parentPort!.on('message', async (task: Task) => parentPort!.postMessage(await drive(pipe, task)));
