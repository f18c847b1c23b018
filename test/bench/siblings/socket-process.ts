// SPDX-License-Identifier: Apache-2.0
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { drive, type Pipe, serve, type Task } from './pipe.ts';

/**
 * One of two processes with a socket between them: `socket-process.ts PATH|PORT serve|drive`. Who serves says the port, which is 0 for
 * a free one. Ends with its parent.
 */
const [path, role] = process.argv.slice(2);
process.on('disconnect', () => process.exit());

/** A unix socket, or TCP on the loopback. */
const place = /^\d+$/.test(path!) ? { port: Number(path), host: '127.0.0.1' } : { path: path! };

function socketPipe(socket: Socket): Pipe {
  socket.setNoDelay(true);
  const parts: Uint8Array[] = [];
  let came: ((part: Uint8Array) => void) | undefined;
  let drained: (() => void) | undefined;
  socket.on('data', (part: Uint8Array) => {
    if (came === undefined) parts.push(part);
    else {
      const take = came;
      came = undefined;
      take(part);
    }
  });
  socket.on('drain', () => drained?.());
  return {
    read: () => parts.shift() ?? new Promise((resolve) => (came = resolve)),
    write: (bytes) => (socket.write(bytes) ? undefined : new Promise((resolve) => (drained = resolve))),
  };
}

if (role === 'serve') {
  const server = createServer((socket) => void serve(socketPipe(socket)));
  server.listen(place, () => process.send!((server.address() as AddressInfo).port ?? path));
} else {
  const pipe = socketPipe(connect(place));
  process.on('message', async (task: Task) => process.send!(await drive(pipe, task)));
}
