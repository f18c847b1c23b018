// SPDX-License-Identifier: Apache-2.0
import { EventEmitter } from 'node:events';
import { XmError } from '../errors.ts';
import type { VsockListener, VsockServer, VsockSocket } from './contract.ts';
import type { Ports } from './ports.ts';
import { createSocket } from './socket.ts';

/** A server of the form of `node:net`, over a domain's ports. */
export function createServer(ports: Ports, onConnection?: (socket: VsockSocket) => void): VsockServer {
  let listener: VsockListener | undefined;

  async function serve(from: VsockListener): Promise<void> {
    for (let one = await from.accept(); one !== undefined; one = await from.accept()) {
      const { name: peer } = one.peer;
      server.emit('connection', createSocket(Promise.resolve(one), { peer, port: one.port, allowHalfOpen: true }));
    }
  }

  const server = Object.defineProperties(new EventEmitter(), {
    listening: { get: () => listener !== undefined },
    listen: {
      value(port: number, onListening?: () => void) {
        if (onListening !== undefined) server.once('listening', onListening);
        try {
          if (listener !== undefined) throw new XmError('EALREADY', `The server listens at port ${listener.port}`);
          listener = ports.listen(port);
          void serve(listener);
          process.nextTick(() => server.emit('listening'));
        } catch (error) {
          process.nextTick(() => server.emit('error', error));
        }
        return server;
      },
    },
    close: {
      value(onClose?: () => void) {
        if (onClose !== undefined) server.once('close', onClose);
        listener?.close();
        listener = undefined;
        process.nextTick(() => server.emit('close'));
        return server;
      },
    },
    address: { value: () => (listener === undefined ? null : { port: listener.port }) },
  }) as VsockServer;
  if (onConnection !== undefined) server.on('connection', onConnection);
  return server;
}
