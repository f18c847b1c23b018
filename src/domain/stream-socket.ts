// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { chmodSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';

/** How long somebody may take to connect to a socket that was opened for him, milliseconds. */
const CONNECT_LIMIT = 10_000;

/**
 * Serves a unix socket, which only its user may reach, for one connection.
 *
 * @param giveUp called instead when nobody connects in time, or when there can be no socket
 */
export async function offerStream(path: string, onSocket: (socket: Socket) => void, giveUp: () => void): Promise<void> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    clearTimeout(limit);
    server.close();
    onSocket(socket);
  });
  const limit = setTimeout(() => {
    server.close();
    giveUp();
  }, CONNECT_LIMIT);
  try {
    server.listen(path);
    await once(server, 'listening');
    chmodSync(path, 0o600);
  } catch (error) {
    clearTimeout(limit);
    giveUp();
    throw error;
  }
}
