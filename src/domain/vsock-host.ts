// SPDX-License-Identifier: Apache-2.0
import { existsSync, rmSync } from 'node:fs';
import { connect, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { XmError } from '../errors.ts';
import type { Peer, VsockConnection, Vsocks } from '../vsock/contract.ts';
import { createSocket } from '../vsock/socket.ts';
import type { Host } from '../vsock/vsocks.ts';
import type { ControlBody } from './control.ts';
import { joinStreams, listenAt, offerStream } from './stream-socket.ts';

/** Numbers of connections from the host start here, as those of Firecracker do. */
const FIRST_NUMBER = 2 ** 30;
/** Longest line that asks for a port, bytes, and how long it may take, milliseconds. */
const MAX_LINE = 32;
const LINE_LIMIT = 10_000;

/** Where the unix socket of a domain's ports is. */
function hostSocket(runDir: string, domid: number): string {
  return join(runDir, `vsock-${domid}.sock`);
}

/** The host's ways to a domain. */
interface Door {
  readonly servers: Server[];
  /** Ports, by the paths of sockets that lead to them. */
  readonly forwards: Map<string, number>;
}

/** Domain-0's part: unix sockets of the host that lead into domains, and out of them. */
export interface VsockHost extends Host {
  /** What Domain-0 is asked beside what all are; see {@link createVsockControl}. */
  readonly messages: Readonly<Record<string, (body: ControlBody) => Promise<ControlBody> | ControlBody>>;
}

/**
 * The hand-shake of Firecracker (spec/primitives.md 8): for each domain that Domain-0 may talk to a unix socket PATH. Who writes
 * `CONNECT PORT` there and reads `OK NUMBER` is connected to the port. What connects to a port of Domain-0 at which nobody listens
 * is connected to the unix socket PATH_PORT, if there is one.
 *
 * @param vsocks of Domain-0
 */
export function createVsockHost(runDir: string, vsocks: () => Vsocks): VsockHost {
  const doors = new Map<number, Door>();
  let last = FIRST_NUMBER - 1;
  let nodes = 0;

  async function open(peer: number, port: number): Promise<VsockConnection> {
    return vsocks().open(peer, port);
  }

  /** Joins a socket of the host to a connection. */
  function carry(socket: Socket, connection: Promise<VsockConnection>, port: number, peer = ''): void {
    joinStreams(socket, createSocket(connection, { peer, port, allowHalfOpen: true }));
  }

  /** Reads the line that asks for a port, then joins both. Whoever asks wrongly, or for nobody, is hung up on. */
  async function shakeHands(domid: number, socket: Socket): Promise<void> {
    const late = setTimeout(() => socket.destroy(), LINE_LIMIT);
    try {
      const port = await readPort(socket);
      const connection = await open(domid, port);
      if (socket.destroyed) return connection.cut();
      socket.write(`OK ${++last}\n`);
      carry(socket, Promise.resolve(connection), port);
    } catch {
      socket.destroy();
    } finally {
      clearTimeout(late);
    }
  }

  async function openDoor(domid: number): Promise<void> {
    const door: Door = { servers: [], forwards: new Map() };
    doors.set(domid, door);
    const path = hostSocket(runDir, domid);
    rmSync(path, { force: true });
    const server = await listenAt(path, (socket) => void shakeHands(domid, socket));
    if (doors.get(domid) === door) door.servers.push(server);
    else server.close();
  }

  return {
    changed(peers) {
      for (const [domid, { servers }] of doors) {
        if (peers.some((peer) => peer.domid === domid)) continue;
        doors.delete(domid);
        for (const server of servers) server.close();
      }
      for (const { domid } of peers) if (!doors.has(domid)) void openDoor(domid);
    },
    taker({ domid }: Peer, port: number) {
      const path = `${hostSocket(runDir, domid)}_${port}`;
      if (!existsSync(path)) return undefined;
      return (connection) => carry(connect({ path, allowHalfOpen: true }), Promise.resolve(connection), port);
    },
    messages: {
      /** Connects to a port, or takes one connection to a port, and puts it on a unix socket for who connects there soon. */
      async NODE({ role, domid, port }) {
        const path = join(runDir, `vsock-node-${++nodes}.sock`);
        const wanted = Number(port);
        if (role === 'connect') {
          const connection = await open(Number(domid), wanted);
          await offerStream(path, (socket) => carry(socket, Promise.resolve(connection), wanted), connection.cut);
          return { socket: path };
        }
        const listener = vsocks().listen(wanted);
        await offerStream(
          path,
          (socket) => {
            carry(socket, acceptOne(listener.accept()).finally(listener.close), wanted);
            socket.once('close', listener.close);
          },
          listener.close,
        );
        return { socket: path };
      },
      /** Puts a port of a domain on a unix socket, for any number of connections, as long as the domain is there. */
      async FORWARD({ domid: to, port: wanted, path: where }) {
        const [domid, port, path] = [Number(to), Number(wanted), String(where)];
        const door = doors.get(domid);
        if (door === undefined) throw new XmError('EHOSTUNREACH', `Domain-0 may not talk to domain ${domid}`);
        if (door.forwards.get(path) !== port) {
          const server = await listenAt(path, (socket) => carry(socket, open(domid, port), port));
          door.forwards.set(path, port);
          if (doors.get(domid) === door) door.servers.push(server);
          else server.close();
        }
        return { path };
      },
    },
  };
}

async function acceptOne(accepting: Promise<VsockConnection | undefined>): Promise<VsockConnection> {
  const connection = await accepting;
  if (connection === undefined) throw new XmError('ECANCELED', 'nobody listens any more');
  return connection;
}

/** Reads `CONNECT PORT` and a newline, and leaves what comes behind it. */
async function readPort(socket: Socket): Promise<number> {
  let line = '';
  for (;;) {
    const byte = socket.read(1) as Buffer | null;
    if (byte === null) {
      if (socket.readableEnded || socket.destroyed) throw new XmError('EPROTO', 'it ended before its first line did');
      await new Promise((resolve) => socket.once('readable', resolve).once('close', resolve));
    } else if (byte[0] === 10) {
      const [, port] = /^CONNECT (\d{1,10})\r?$/i.exec(line) ?? [];
      if (port === undefined) throw new XmError('EPROTO', `'${line}' asks for nothing`);
      return Number(port);
    } else {
      line += String.fromCharCode(byte[0]!);
      if (line.length > MAX_LINE) throw new XmError('EPROTO', 'its first line is too long');
    }
  }
}
