// SPDX-License-Identifier: Apache-2.0
import { XmError } from '../errors.ts';
import type { VsockConnection, VsockListener } from './contract.ts';
import { STATUS } from './frame.ts';

/** Connections that wait to be accepted, unless the listener says otherwise. */
const BACKLOG = 128;
const MAX_PORT = 2 ** 32 - 1;

/** Who listens where in a domain. */
export interface Ports {
  listen(port: number, options?: { readonly backlog?: number }): VsockListener;
  /** @returns who takes a connection to a port, or a {@link STATUS} */
  taker(port: number): ((connection: VsockConnection) => void) | number;
}

/** @throws XmError `EINVAL` for what is no port */
export function checkPort(port: number): void {
  if (Number.isInteger(port) && port >= 0 && port <= MAX_PORT) return;
  throw new XmError('EINVAL', `There is no port ${port}: that is a whole number up to ${MAX_PORT}`);
}

export function createPorts(): Ports {
  const takers = new Map<number, Exclude<ReturnType<Ports['taker']>, number> & { full(): boolean }>();

  return {
    listen(port, { backlog = BACKLOG } = {}) {
      checkPort(port);
      if (takers.has(port)) throw new XmError('EADDRINUSE', `Somebody listens at port ${port} already`);
      const arrived = new Set<VsockConnection>();
      const waiting: ((connection: VsockConnection | undefined) => void)[] = [];
      let closed = false;

      function take(connection: VsockConnection): void {
        const first = waiting.shift();
        if (first !== undefined) {
          first(connection);
          return;
        }
        arrived.add(connection);
        // Who goes before it was accepted makes room.
        void connection.closed.then((error) => error !== undefined && arrived.delete(connection));
      }
      takers.set(port, Object.assign(take, { full: () => arrived.size >= backlog }));

      return {
        port,
        async accept() {
          if (closed) return undefined;
          for (const first of arrived) {
            arrived.delete(first);
            return first;
          }
          return new Promise((resolve) => waiting.push(resolve));
        },
        close() {
          if (closed) return;
          closed = true;
          takers.delete(port);
          for (const waiter of waiting.splice(0)) waiter(undefined);
          for (const connection of arrived) connection.cut();
        },
      };
    },
    taker(port) {
      const taker = takers.get(port);
      return taker === undefined ? STATUS.refused : taker.full() ? STATUS.full : taker;
    },
  };
}
