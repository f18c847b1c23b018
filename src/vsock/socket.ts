// SPDX-License-Identifier: Apache-2.0
import { Duplex } from 'node:stream';
import { XmError } from '../errors.ts';
import type { VsockConnection, VsockSocket } from './contract.ts';

/** Bytes that are read at once at most. */
const CHUNK = 65_536;
/** Shorter pieces are copied, so that the memory for a long one can be used again. */
const SHORT = CHUNK / 4;

/** What is known of a socket before its connection is there. */
export interface SocketOptions {
  /** The other end's domain, as it was named. */
  readonly peer: string;
  readonly port: number;
  /** Whether the end of what is received leaves the other way open. */
  readonly allowHalfOpen: boolean;
}

/** A connection as a stream, which can be used before the connection is there. Destroying it cuts the connection. */
export function createSocket(
  opening: Promise<VsockConnection>,
  { peer, port, allowHalfOpen }: SocketOptions,
): VsockSocket {
  let connection: VsockConnection | undefined;
  let spare: Buffer | undefined;
  let idle: NodeJS.Timeout | undefined;
  let idleLimit = 0;

  /** Something was read or written. */
  function busy(): void {
    if (idleLimit === 0) return;
    clearTimeout(idle);
    idle = setTimeout(() => socket.emit('timeout'), idleLimit);
  }

  async function pull(from: VsockConnection): Promise<void> {
    const chunk = spare ?? Buffer.allocUnsafeSlow(CHUNK);
    spare = undefined;
    const count = await from.read(chunk);
    busy();
    if (count === 0) {
      socket.push(null);
    } else if (count < SHORT) {
      spare = chunk;
      socket.push(Buffer.from(chunk.subarray(0, count)));
    } else {
      socket.push(chunk.subarray(0, count));
    }
  }

  const stream = new Duplex({
    allowHalfOpen,
    construct(done) {
      opening.then((opened) => {
        connection = opened;
        done();
        if (stream.destroyed) opened.cut();
        else stream.emit('connect');
      }, done);
    },
    read() {
      pull(connection!).catch((error) => stream.destroy(error));
    },
    write(chunk: Uint8Array, _encoding, done) {
      busy();
      const going = connection!.write(chunk);
      if (going === undefined) done();
      else going.then(() => done(), done);
    },
    final(done) {
      connection!.end();
      done();
    },
    destroy(error, done) {
      clearTimeout(idle);
      // When both ways are over the connection ends by itself, behind the last byte.
      if (error !== null || !stream.readableEnded || !stream.writableFinished) connection?.cut();
      // It may not be there yet.
      if (connection === undefined) opening.then((late) => late.cut()).catch(() => {});
      done(error);
    },
  });
  const nothing = (): VsockSocket => socket;
  const socket: VsockSocket = Object.defineProperties(stream, {
    connecting: { get: () => connection === undefined && !stream.destroyed },
    remoteAddress: { get: () => connection?.peer.name ?? peer },
    remotePort: { value: port },
    setTimeout: {
      value(milliseconds: number, onTimeout?: () => void) {
        if (!(milliseconds >= 0)) throw new XmError('EINVAL', `${milliseconds} are no milliseconds`);
        clearTimeout(idle);
        idleLimit = milliseconds;
        if (onTimeout !== undefined) stream.once('timeout', onTimeout);
        busy();
        return socket;
      },
    },
    setNoDelay: { value: nothing },
    setKeepAlive: { value: nothing },
    ref: { value: nothing },
    unref: { value: nothing },
  }) as VsockSocket;
  return socket;
}
