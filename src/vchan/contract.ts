// SPDX-License-Identifier: Apache-2.0
import type { Duplex } from 'node:stream';
import type { DomId } from '../hv/contract.ts';

/** What `live` says to a server (spec/primitives.md 7.1): no client yet, somebody there, over. */
export type VchanState = 'waiting' | 'open' | 'ended';

/** Why a channel is over. */
export interface VchanEnd {
  /**
   * `closed`: one of the two closed it. `died`: the peer's domain is gone, or it let go without closing. `broken`: the peer wrote what
   * cannot be true, so that nothing of it is believed any more.
   */
  readonly kind: 'closed' | 'died' | 'broken';
  /** For people. */
  readonly reason: string;
}

/**
 * One end of a channel of bytes between two domains, in the form of libxenvchan.
 *
 * There is no framing. A *stream* call moves as much as fits, a *packet* call all or nothing. The `try` calls never wait, and are
 * for code that may not yield; the others wait, as promises. Data that is there can be read after the channel has ended, unless
 * it is broken or was closed here.
 */
export interface Vchan {
  /** The other end's domain. */
  readonly peer: DomId;
  /** Where it is in the store. */
  readonly path: string;
  readonly side: 'server' | 'client';
  readonly state: VchanState;
  /** Bytes of the ring that this end reads. */
  readonly readSize: number;
  /** Bytes of the ring that this end writes. */
  readonly writeSize: number;
  /** Resolves with true when both ends are there, with false when it ended before. */
  readonly opened: Promise<boolean>;
  /** Resolves when the channel is over, whoever ended it. */
  readonly ended: Promise<VchanEnd>;

  /** Bytes that can be read now; asks the peer to say when there are more. -1 when the channel is over and empty. */
  dataReady(): number;
  /** Bytes that can be written now; asks the peer to say when there is more room. -1 when the channel is over. */
  bufferSpace(): number;
  /** Reads up to `target.length` bytes. @returns how many; 0: none yet; -1: over */
  tryRead(target: Uint8Array): number;
  /** Writes as much as fits. @returns how many bytes; 0: no room; -1: over */
  tryWrite(source: Uint8Array): number;
  /** Fills `target` or leaves everything where it is. @returns its length; 0: not enough yet; -1: there will never be enough */
  tryRecv(target: Uint8Array): number;
  /** Writes all of `source` or nothing. @returns its length; 0: no room; -1: over. @throws XmError `EMSGSIZE` when it never fits */
  trySend(source: Uint8Array): number;
  /** Blocks the thread until the peer did something or is gone, or for so many milliseconds. For an open channel. */
  wait(milliseconds: number): void;

  /** Reads at least a byte. @returns how many; 0: over */
  read(target: Uint8Array): Promise<number>;
  /** Writes everything. @returns how many bytes went; fewer than there are: over */
  write(source: Uint8Array): Promise<number>;
  /** Fills `target`. @returns false when the channel was over before. @throws XmError `EMSGSIZE` when it never fits */
  recv(target: Uint8Array): Promise<boolean>;
  /** Writes all of `source` at once. @returns false when the channel was over before. @throws XmError `EMSGSIZE` */
  send(source: Uint8Array): Promise<boolean>;
  /** Resolves when the peer did something next: look what. What the `try` calls wait with. */
  changed(): Promise<void>;

  /**
   * The channel as a stream of Node's; nothing else reads or writes then. There are no half-open channels: `end()` writes what is
   * left and closes. A peer that died or broke the channel is the stream's error, `EPEERDIED` or `EPEERBROKEN`.
   */
  duplex(): Duplex;
  /**
   * Ends the channel; the peer reads what was written. Resolves when nothing of it is in the store, without waiting for the peer:
   * memory that it maps still comes back when it lets go. May be called again.
   */
  close(): Promise<void>;
}

/** How large a server's rings are to be at least: 0 to 2^20 bytes. Small ones lie in the shared page itself. */
export interface VchanSizes {
  /** Bytes of the ring that the client writes. */
  readonly left?: number;
  /** Bytes of the ring that the server writes. */
  readonly right?: number;
}

export interface ListenVchanOptions extends VchanSizes {
  /** Ends it. */
  readonly signal?: AbortSignal;
}

export interface VchanClientOptions {
  /** Waits for the server. Otherwise it is an error (`ENOENT`) when there is none, as in libxenvchan. */
  readonly wait?: boolean;
  /** Ends the waiting: the call rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/**
 * The channels of a domain. A path is absolute, where the server may write; or the word behind `/local/domain/S/data/vchan/C/` where
 * servers usually are.
 *
 * All reject with XmError `ESRCH` when there is no such domain (any more), and leave nothing behind then.
 */
export interface Vchans {
  /**
   * Offers a channel to one domain, and one client of it.
   *
   * @throws XmError `EINVAL` for rings larger than a mebibyte, HypercallError `ENOMEM` beyond the quota of pages, StoreError where
   * the path cannot be written
   */
  server(domid: DomId, path: string, sizes?: VchanSizes): Promise<Vchan>;
  /**
   * Serves clients of one domain one after another, each with memory of its own. Yields a channel when its client is there; closes
   * it when the loop goes on. The next one has to wait until the client before lets go of the memory, or is dead. Ends when the
   * domain is gone.
   */
  listen(domid: DomId, path: string, options?: ListenVchanOptions): AsyncIterableIterator<Vchan>;
  /**
   * Connects to the channel that a domain offers.
   *
   * @throws XmError `ENOENT` when there is no server, `EBUSY` when it has a client or is going, `EPROTO` when it offers what cannot be
   */
  client(domid: DomId, path: string, options?: VchanClientOptions): Promise<Vchan>;
}
