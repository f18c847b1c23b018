// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { createClient } from './client.ts';
import type { XenstoreClient } from './client-contract.ts';
import { type ByteLine, createWireTransport } from './wire-transport.ts';

/**
 * The client in another process than the store, or of another's store: over a unix socket, with domain 0's rights.
 * @param path of the socket, as `XENSTORED_PATH` names it
 * @throws Error of the operating system (`ENOENT`, `ECONNREFUSED`, `EACCES`) when nobody listens there
 */
export async function connectWire(path: string): Promise<XenstoreClient> {
  const socket = connect(path);
  await once(socket, 'connect');
  return createClient((onEvent) => createWireTransport(lineOf(socket), onEvent));
}

const lineOf = (socket: Socket): ByteLine => ({
  open({ received, closed }) {
    socket.on('data', (bytes: Buffer) => received(bytes, bytes.length));
    socket.on('close', closed);
    // What broke it does not matter to those who wait; `close` follows.
    socket.on('error', () => {});
    return {
      send: (bytes, length) => void socket.write(Buffer.from(bytes.subarray(0, length))),
      close: () => void socket.destroy(),
    };
  },
});
