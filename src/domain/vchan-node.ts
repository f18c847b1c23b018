// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { chmodSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import type { Vchan, Vchans } from '../vchan/contract.ts';
import { CMSG_STATUS, type ControlAnswer, type ControlBody } from './control.ts';

/** How long somebody may take to connect to the socket of a channel that was opened for him, milliseconds. */
const CONNECT_LIMIT = 10_000;

/** Number of the last socket. */
let last = 0;

/**
 * Opens an end of a vchan in this domain and puts it on a unix socket, for one connection: what Domain-0 does for
 * `xm vchan node` (spec/primitives.md 7.1, vchan-node2).
 *
 * @param body `role`, `domid`, `path`; of a server also the least sizes of its rings, `left` and `right`
 * @returns the answer to xend, with the paths `socket` and `path`
 */
export async function openVchanNode(vchans: Vchans, runDir: string, body: ControlBody): Promise<ControlAnswer> {
  const [domid, path] = [Number(body.domid), String(body.path)];
  const sizes = { left: Number(body.left), right: Number(body.right) };
  const channel = await (body.role === 'server' ? vchans.server(domid, path, sizes) : vchans.client(domid, path));
  const socket = join(runDir, `vchan-${++last}.sock`);
  try {
    await offer(channel, socket);
  } catch (error) {
    await channel.close();
    throw error;
  }
  return { status: CMSG_STATUS.okay, socket, path: channel.path };
}

async function offer(channel: Vchan, path: string): Promise<void> {
  const server = createServer({ allowHalfOpen: true });
  server.listen(path);
  await once(server, 'listening');
  chmodSync(path, 0o600);
  const giveUp = (): void => {
    server.close();
    void channel.close();
  };
  const limit = setTimeout(giveUp, CONNECT_LIMIT);
  server.once('connection', (socket) => {
    clearTimeout(limit);
    server.close();
    connectBoth(socket, channel.duplex());
  });
}

/** Passes bytes both ways. The end of what comes from the socket closes the channel, behind the last byte. */
function connectBoth(socket: Socket, stream: Duplex): void {
  socket.pipe(stream).pipe(socket);
  const over = (): void => {
    // What is still typed goes nowhere.
    socket.unpipe(stream).resume();
    socket.end();
  };
  stream.once('end', over).once('error', over);
  socket.on('error', () => socket.destroy()).once('close', () => stream.destroy());
}
