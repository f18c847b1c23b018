// SPDX-License-Identifier: Apache-2.0
import { chmodSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import type { Store } from './contract.ts';
import { createWireSession } from './wire-session.ts';

/** The store on a unix socket. */
export interface WireServer {
  /** Ends all connections and removes the socket. */
  close(): Promise<void>;
}

/** Bytes that wait in a socket before it says that they do; below what stalls a session. */
const HIGH_WATER = 16 * 1024;

/** Serves the store, with domain 0's rights, on a unix socket of its owner alone; it replaces one that is there. */
export async function serveWire(store: Store, path: string): Promise<WireServer> {
  const sockets = new Set<Socket>();
  const server = createServer({ highWaterMark: HIGH_WATER }, (socket) => {
    sockets.add(socket);
    serveSocket(store, socket);
    socket.on('close', () => sockets.delete(socket));
  });
  rmSync(path, { force: true });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, resolve);
  });
  chmodSync(path, 0o600);
  return {
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function serveSocket(store: Store, socket: Socket): void {
  const session = createWireSession(store, 0, {
    send: (bytes, length) => void socket.write(Buffer.from(bytes.subarray(0, length))),
    get backlog() {
      return socket.writableLength;
    },
    pause: () => void socket.pause(),
    resume: () => void socket.resume(),
    lost: () => void socket.destroy(),
    closed: () => void socket.destroy(),
  });
  socket.on('data', (bytes: Buffer) => session.receive(bytes));
  socket.on('drain', session.drained);
  socket.on('close', session.close);
  // A client that is gone is no error of ours; `close` follows.
  socket.on('error', () => {});
}
