// SPDX-License-Identifier: Apache-2.0
import type { Socket } from 'node:net';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { messageOf } from '../errors.ts';
import type { Vchan, Vchans } from '../vchan/contract.ts';
import { CMSG_STATUS, type ControlAnswer, type ControlBody } from './control.ts';
import { offerStream } from './stream-socket.ts';

/** First byte on the socket of an end that waits: the channel is open, or why it never will be, in words. */
const OPEN = 1;
const FAILED = 0;

/** Number of the last socket. */
let last = 0;

/**
 * Opens an end of a vchan in this domain and puts it on a unix socket, for one connection: what Domain-0 does for
 * `xm vchan node` and `xm vchan proxy` (spec/primitives.md 7.1, vchan-node2 and vchan-socket-proxy).
 *
 * @param body `role`, `domid`, `path`; of a server also the least sizes of its rings, `left` and `right`. With `wait` the end is made
 * when somebody connects, waits for the other one as long as he stays, and says first, in a byte, that both are there
 * @returns the answer to xend, with the path `socket`, and `path` of a channel that there is already
 */
export async function openVchanNode(vchans: Vchans, runDir: string, body: ControlBody): Promise<ControlAnswer> {
  const [domid, path] = [Number(body.domid), String(body.path)];
  const sizes = { left: Number(body.left), right: Number(body.right) };
  const serves = body.role === 'server';
  const socket = join(runDir, `vchan-${++last}.sock`);
  if (body.wait === true) {
    const open = (signal: AbortSignal): Promise<Vchan> =>
      serves ? vchans.server(domid, path, sizes) : vchans.client(domid, path, { wait: true, signal });
    const onSocket = (taken: Socket): void => void connectLater(taken, open);
    await offerStream(socket, onSocket, () => {});
    return { status: CMSG_STATUS.okay, socket, path };
  }
  const channel = await (serves ? vchans.server(domid, path, sizes) : vchans.client(domid, path));
  await offerStream(
    socket,
    (taken) => connectBoth(taken, channel.duplex()),
    () => void channel.close(),
  );
  return { status: CMSG_STATUS.okay, socket, path: channel.path };
}

/** Waits for both ends, or until nobody is at the socket any more. */
async function connectLater(socket: Socket, open: (signal: AbortSignal) => Promise<Vchan>): Promise<void> {
  const gone = new AbortController();
  const leave = (): void => gone.abort();
  // Whoever waits says nothing, but may go.
  socket.on('error', leave).once('end', leave).once('close', leave).resume();
  try {
    const channel = await open(gone.signal);
    gone.signal.addEventListener('abort', () => void channel.close());
    if (gone.signal.aborted) await channel.close();
    if (!(await channel.opened)) throw new Error((await channel.ended).reason);
    socket.off('end', leave).pause();
    socket.write(Uint8Array.of(OPEN));
    connectBoth(socket, channel.duplex());
  } catch (error) {
    socket.end(Buffer.concat([Uint8Array.of(FAILED), Buffer.from(messageOf(error))]));
  }
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
