// SPDX-License-Identifier: Apache-2.0
import type { EventEmitter } from 'node:events';
import type { Duplex } from 'node:stream';
import type { DomId } from '../hv/contract.ts';

/**
 * What carries the link of two domains. `ring`: memory that both map; fast, and for domains that may be trusted to let go of it.
 * `argo`: messages that the hypervisor copies; no memory is shared.
 */
export type Transport = 'ring' | 'argo';

/** A domain that this one may talk to. */
export interface Peer {
  readonly domid: DomId;
  readonly name: string;
  readonly transport: Transport;
}

/** A connection of two domains: a stream of bytes each way, with a window of its own, so that no other waits for its reader. */
export interface VsockConnection {
  readonly peer: Peer;
  /** Where somebody listens; the other end has no number. */
  readonly port: number;
  /** Resolves when the peer has accepted it; rejects with XmError `ECONNREFUSED` or as {@link closed}. */
  readonly opened: Promise<void>;
  /** Resolves when nothing comes or goes any more, with the error if it was not both ends that ended it. */
  readonly closed: Promise<Error | undefined>;
  /** Bytes that were received and not read. */
  readonly buffered: number;
  /**
   * Reads at least a byte, into memory that is the connection's until then. One at a time.
   *
   * @returns how many bytes; 0: the peer has sent all. Rejects with XmError `ECONNRESET` when the connection was lost
   */
  read(target: Uint8Array): Promise<number>;
  /**
   * Sends bytes, behind all that was given before; they are the connection's until then.
   *
   * @returns undefined when they went at once. Rejects with XmError `EPIPE` or `ECONNRESET`
   */
  write(bytes: Uint8Array): Promise<void> | undefined;
  /** Nothing more will be written; what was is sent, and the peer can still send. */
  end(): void;
  /** Ends both ways, at once. The peer is told if it can be; nobody waits for it. */
  cut(): void;
}

/** How to connect. */
export interface ConnectOptions {
  /** Milliseconds until it fails with `ETIMEDOUT`; 10,000 unless said. */
  readonly timeout?: number;
  /** Ends the waiting: the call rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** Somebody who listens at a port. */
export interface VsockListener {
  readonly port: number;
  /** The next connection; undefined when it was closed. Any number of calls may wait. */
  accept(): Promise<VsockConnection | undefined>;
  /** Stops. Connections that nobody has accepted are cut. */
  close(): void;
}

/** A link as its domain sees it. */
export interface LinkReport {
  readonly peer: DomId;
  readonly name: string;
  readonly transport: Transport;
  readonly state: string;
  readonly connections: number;
  /** Why the last one broke; empty before. */
  readonly problem: string;
}

/** A connection as a stream of Node's, with what libraries expect of one of `node:net`. */
export interface VsockSocket extends Duplex {
  /** Emits `timeout` when nothing was read or written for so many milliseconds; 0 ends that. */
  setTimeout(milliseconds: number, onTimeout?: () => void): this;
  /** Nothing is ever delayed; there is nothing to keep alive; the domain lives as long as its kernel. */
  setNoDelay(): this;
  setKeepAlive(): this;
  ref(): this;
  unref(): this;
  readonly connecting: boolean;
  /** The other end's domain: its name, or else its number as it was given. */
  readonly remoteAddress: string;
  readonly remotePort: number;
}

/** A server as of `node:net`: emits `listening`, `connection` with a {@link VsockSocket}, `error` and `close`. */
export interface VsockServer extends EventEmitter {
  readonly listening: boolean;
  /** @throws nothing: `error` is emitted with XmError `EADDRINUSE` when somebody listens there */
  listen(port: number, onListening?: () => void): this;
  /** Takes no more connections; those that there are go on. */
  close(onClose?: () => void): this;
  address(): { readonly port: number } | null;
}

/**
 * Virtual sockets of a domain: its link manager. Which domains may talk is decided outside, by `(vsock GROUP)` of a configuration or
 * `xm idc-setup`. A peer is named by its name or its number; a name may be that of a domain that is still to come.
 */
export interface Vsocks {
  /** Domains that this one may talk to now. */
  peers(): readonly Peer[];
  links(): readonly LinkReport[];
  /**
   * Connects.
   *
   * @throws XmError `ECONNREFUSED` when nobody listens there or too many wait, `EHOSTUNREACH` for a domain to which this one may
   * not talk, or that has gone, `ETIMEDOUT`
   */
  open(peer: DomId | string, port: number, options?: ConnectOptions): Promise<VsockConnection>;
  /** Listens. `port`: any unsigned 32-bit number. @throws XmError `EADDRINUSE`, `EINVAL` */
  listen(port: number, options?: { readonly backlog?: number }): VsockListener;
  /** A stream that connects; what is written meanwhile waits. What fails is its `error`. */
  connect(peer: DomId | string, port: number, onConnect?: () => void): VsockSocket;
  createServer(onConnection?: (socket: VsockSocket) => void): VsockServer;
}
