// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Serves a unix socket in a directory of its own; used for what needs bytes that a right server never sends. */
export async function listen(onConnection: (socket: Socket) => void) {
  const directory = mkdtempSync(join(tmpdir(), 'xm-peer-'));
  const path = join(directory, 's');
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {}).on('close', () => sockets.delete(socket));
    onConnection(socket);
  });
  await new Promise<void>((done) => server.listen(path, done));
  return {
    path,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((done) => server.close(done));
      rmSync(directory, { recursive: true });
    },
  };
}
