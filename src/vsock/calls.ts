// SPDX-License-Identifier: Apache-2.0
import { XmError } from '../errors.ts';
import type { VsockConnection, VsockListener, Vsocks } from './contract.ts';

/** Connections and ports that callers may hold at a time. */
const MAX_HELD = 4096;
/** Most bytes of one `recv`. */
const MAX_RECV = 1_048_576;

/** How long a peer may go on sending to who has disconnected, milliseconds. */
const LEAVE_LIMIT = 5000;

/** Reads what is for nobody any more, so that what was sent before arrives; not for ever. */
async function leave(connection: VsockConnection): Promise<void> {
  const late = setTimeout(connection.cut, LEAVE_LIMIT);
  late.unref();
  const dump = new Uint8Array(4096);
  try {
    while ((await connection.read(dump)) > 0);
  } catch {
    // It is over, or somebody waits for bytes, who learns now that there will be none.
    connection.cut();
  } finally {
    clearTimeout(late);
  }
}

/** A link manager's calls with numbers in place of objects, for callers outside of the domain. */
export type VsockCalls = Readonly<Record<string, (...params: readonly unknown[]) => unknown>>;

/**
 * The calls of the link manager that the seeds describe (spec/idc.md 1.3, 95), any number of them at a time: one that waits
 * holds no other up.
 */
export function createCalls(vsocks: Vsocks): VsockCalls {
  const connections = new Map<number, VsockConnection>();
  const listeners = new Map<number, VsockListener>();
  let last = 0;

  function hold(connection: VsockConnection): number {
    if (connections.size >= MAX_HELD) {
      connection.cut();
      throw new XmError('EMFILE', `${MAX_HELD} connections are open already`);
    }
    connections.set(++last, connection);
    return last;
  }

  function held(id: unknown): VsockConnection {
    const found = connections.get(Number(id));
    if (found === undefined) throw new XmError('EBADF', `There is no connection ${String(id)}`);
    return found;
  }

  function listening(port: unknown): VsockListener {
    const found = listeners.get(Number(port));
    if (found === undefined) throw new XmError('EINVAL', `Nobody called listen for port ${String(port)}`);
    return found;
  }

  return {
    /** Connects to a port of a domain, which is named by number or name. @returns the connection's number */
    async idc_connect(domain, port) {
      return hold(await vsocks.open(typeof domain === 'number' ? domain : String(domain), Number(port)));
    },
    /** Ends a connection; what was sent arrives, what has not been received is gone. */
    async idc_disconnect(id) {
      const connection = held(id);
      connections.delete(Number(id));
      connection.end();
      void leave(connection);
    },
    listen(port) {
      if (listeners.size >= MAX_HELD) throw new XmError('EMFILE', `${MAX_HELD} ports are listened at already`);
      listeners.set(Number(port), vsocks.listen(Number(port)));
    },
    unlisten(port) {
      listening(port).close();
      listeners.delete(Number(port));
    },
    /** Waits for the next connection to a port. @returns its number, and the number of the domain at its other end */
    async accept(port) {
      const connection = await listening(port).accept();
      if (connection === undefined) throw new XmError('EINVAL', `Port ${String(port)} is not listened at any more`);
      return [hold(connection), connection.peer.domid];
    },
    /** @returns how many bytes went: all */
    async send(id, data) {
      const bytes = data instanceof Uint8Array ? data : new TextEncoder().encode(String(data));
      await held(id).write(bytes);
      return bytes.length;
    },
    /** Waits for some bytes. @returns up to `most` of them; none: the other end has sent all */
    async recv(id, most = 65_536) {
      const target = new Uint8Array(Math.max(1, Math.min(MAX_RECV, Number(most) || 0)));
      return target.subarray(0, await held(id).read(target));
    },
  };
}
