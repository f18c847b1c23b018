// SPDX-License-Identifier: Apache-2.0
import { connect, createServer, type Socket } from 'node:net';
import { drive, type Pipe, serve, type Task } from './pipe.ts';

/** One of two processes with a unix socket between them: `socket-process.ts PATH serve|drive`. Ends with its parent. */
const [path, role] = process.argv.slice(2);
process.on('disconnect', () => process.exit());

function socketPipe(socket: Socket): Pipe {
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
    async read() {
      return parts.shift() ?? new Promise((resolve) => (came = resolve));
    },
    write: (bytes) => (socket.write(bytes) ? undefined : new Promise((resolve) => (drained = resolve))),
  };
}

if (role === 'serve') {
  createServer((socket) => void serve(socketPipe(socket))).listen(path!, () => process.send!('listening'));
} else {
  const pipe = socketPipe(connect(path!));
  process.on('message', async (task: Task) => process.send!(await drive(pipe, task)));
}
