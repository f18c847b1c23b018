// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { chmodSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/** How long somebody may take to connect to a socket that was opened for him, milliseconds. */
const CONNECT_LIMIT = 10_000;

/** Serves a unix socket that only its user may reach. Rejects when there cannot be one. */
export async function listenAt(path: string, onSocket: (socket: Socket) => void): Promise<Server> {
  const server = createServer({ allowHalfOpen: true }, onSocket);
  server.listen(path);
  await once(server, 'listening');
  chmodSync(path, 0o600);
  // From now on an error is that of somebody who could not be accepted.
  server.on('error', () => {});
  return server;
}

/**
 * Serves a unix socket for one connection.
 *
 * @param giveUp called instead when nobody connects in time, or when there can be no socket
 */
export async function offerStream(path: string, onSocket: (socket: Socket) => void, giveUp: () => void): Promise<void> {
  try {
    const server = await listenAt(path, (socket) => {
      clearTimeout(limit);
      server.close();
      onSocket(socket);
    });
    const limit = setTimeout(() => {
      server.close();
      giveUp();
    }, CONNECT_LIMIT);
  } catch (error) {
    giveUp();
    throw error;
  }
}

/** Passes bytes both ways, each way until its end; when one of the two is lost, so is the other. */
export function joinStreams(one: Duplex, other: Duplex): void {
  for (const [from, to] of [
    [one, other],
    [other, one],
  ] as const) {
    from.pipe(to);
    from.on('error', () => to.destroy());
    from.once('close', () => {
      if (!from.readableEnded || !from.writableFinished) to.destroy();
    });
  }
}
