// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { finished } from 'node:stream/promises';
import { messageOf, XmError } from '../errors.ts';

/** What an end that waits says first: both ends are there (`src/domain/vchan-node.ts`). */
const OPEN = 1;

/** A proxy between a unix socket and a vchan. */
export interface VchanProxy {
  readonly role: 'client' | 'server';
  /** Has xend open an end of the channel that waits for the other one. @returns the path of its socket */
  readonly open: () => Promise<string>;
  /** Of the unix socket: a client listens there, a server connects to it. */
  readonly path: string;
  /** Told when the proxy is ready, and of connections that failed. */
  readonly say: (line: string) => void;
}

/**
 * Serves until SIGINT or SIGTERM, one connection at a time (spec/primitives.md 7.1, vchan-socket-proxy): each has a channel of its own, and
 * the end of one is the end of the other.
 *
 * @returns how many connections there were
 * @throws XmError `EVCHAN` when there never will be a channel any more, as its domain has gone; when a client cannot listen
 */
export async function runProxy(proxy: VchanProxy): Promise<number> {
  const stop = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stop.abort());
  return proxy.role === 'client' ? proxyClient(proxy, stop.signal) : proxyServer(proxy, stop.signal);
}

async function proxyClient({ path, say, open }: VchanProxy, signal: AbortSignal): Promise<number> {
  const waiting: Socket[] = [];
  let came = (): void => {};
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    // Who goes before it is his turn is not missed.
    socket.on('error', () => socket.destroy());
    waiting.push(socket);
    came();
  });
  server.listen(path);
  try {
    await once(server, 'listening');
  } catch (error) {
    throw new XmError('EVCHAN', `Cannot listen: ${messageOf(error)}`, {
      cause: error,
      hint: 'nothing may be at that path, and its directory has to be there',
    });
  }
  signal.addEventListener('abort', () => came());
  say(`Listening on ${path}`);
  let served = 0;
  try {
    while (!signal.aborted) {
      const socket = waiting.shift();
      if (socket === undefined) {
        await new Promise<void>((resolve) => (came = resolve));
      } else {
        const channel = await reach(await open(), signal);
        if (channel === undefined) break;
        await joinSockets(socket, channel, signal);
        served++;
      }
    }
  } finally {
    for (const socket of waiting) socket.destroy();
    server.close();
    rmSync(path, { force: true });
  }
  return served;
}

async function proxyServer({ path, say, open }: VchanProxy, signal: AbortSignal): Promise<number> {
  say(`Serving ${path}`);
  for (let served = 0; ; served++) {
    const channel = await reach(await open(), signal);
    if (channel === undefined) return served;
    const socket = connect({ path, allowHalfOpen: true });
    socket.on('error', ({ message }) => say(`A client was not served: ${message}`));
    await joinSockets(socket, channel, signal);
  }
}

/** Waits until the channel behind a socket is open. @returns undefined when it was stopped. @throws XmError `EVCHAN` */
async function reach(path: string, signal: AbortSignal): Promise<Socket | undefined> {
  const socket = connect({ path, allowHalfOpen: true });
  const stop = (): void => void socket.destroy();
  socket.on('error', stop);
  signal.addEventListener('abort', stop);
  // While xend was asked: whoever waits behind the socket hears of it all the same.
  if (signal.aborted) stop();
  try {
    const first = await firstByte(socket);
    if (first === OPEN) return socket;
    let reason = '';
    for await (const part of socket) reason += String(part);
    throw new XmError('EVCHAN', reason || 'Domain-0 has gone');
  } catch (error) {
    if (signal.aborted) return undefined;
    throw error;
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

async function firstByte(socket: Socket): Promise<number | undefined> {
  for (;;) {
    const part: Buffer | null = socket.read(1);
    if (part !== null || socket.readableEnded) return part?.[0];
    if (socket.destroyed) throw new XmError('EVCHAN', 'Domain-0 has gone');
    // An error destroys it.
    await Promise.race([once(socket, 'readable'), once(socket, 'close')]).catch(() => {});
  }
}

/** Passes bytes both ways. What came last from either goes to the other one first. Resolves when both are over. */
async function joinSockets(socket: Socket, channel: Socket, signal: AbortSignal): Promise<void> {
  const stop = (): void => {
    socket.destroy();
    channel.destroy();
  };
  signal.addEventListener('abort', stop);
  socket.pipe(channel).pipe(socket);
  // There are no half-open channels: what else comes from the socket goes nowhere.
  channel.once('end', () => socket.unpipe(channel).resume().destroySoon());
  channel.once('close', () => socket.destroySoon());
  if (socket.destroyed) channel.destroy();
  else socket.once('close', () => channel.destroySoon());
  await Promise.allSettled([finished(socket), finished(channel)]);
  signal.removeEventListener('abort', stop);
}
