// SPDX-License-Identifier: Apache-2.0
import type { Duplex } from 'node:stream';
import type { Argo, ArgoAddress, ArgoErrno } from '../hv/argo-contract.ts';
import type { DomId } from '../hv/contract.ts';

/** Where a message says that it comes from. A domain can only be itself: `domid` may be left out, or be `ARGO_DOMID_ANY`. */
export type ArgoSource = Pick<ArgoAddress, 'aport'> & Partial<ArgoAddress>;

/** A message of V4V's datagram protocol. */
export interface ArgoDatagram {
  /** The hypervisor wrote the domain. */
  readonly source: ArgoAddress;
  /** The receiver's own. */
  readonly bytes: Uint8Array;
}

/** How a ring is made. */
export interface ArgoRingOptions {
  /** Takes messages of this domain alone; of all unless said. */
  readonly partner?: DomId;
  /** Bytes of the ring's data, a multiple of 16. */
  readonly length?: number;
}

/** A port that takes and sends datagrams. */
export interface ArgoDatagrams extends AsyncIterable<ArgoDatagram>, AsyncDisposable {
  readonly local: ArgoAddress;
  /** Sends at once or not at all. @returns bytes, or why not */
  trySend(to: ArgoAddress, bytes: Uint8Array): number | ArgoErrno;
  /** Waits for room. @returns bytes, or what waiting does not change */
  send(to: ArgoAddress, bytes: Uint8Array): Promise<number | ArgoErrno>;
  /** The next one that has come, or undefined. Messages of other protocols are dropped. */
  tryReceive(): ArgoDatagram | undefined;
  /** Waits for the next one. @returns undefined when the port was closed, or its partner is gone */
  receive(): Promise<ArgoDatagram | undefined>;
  /** A fence: nobody sends here any more. May be called again. */
  close(): Promise<void>;
}

/**
 * A stream of bytes to another domain. `end()` and the end of what is read are orderly: all that was written before arrives, and each
 * direction ends by itself. Otherwise it ends with an XmError: `ECONNRESET`, the other end destroyed it or let go of it; `EPEERDIED`,
 * its domain is gone; `EPERM`, a rule of `xm viptables` forbids it now. Who does not read holds the writer up, not the domain.
 */
export interface ArgoStream extends Duplex {
  readonly local: ArgoAddress;
  readonly remote: ArgoAddress;
}

export interface ArgoListenOptions extends ArgoRingOptions {
  /** Bytes of the ring that each connection gets. */
  readonly ring?: number;
  /** Connections of one domain at a time, those included that nobody has taken yet; others of it are refused. 8 unless said. */
  readonly perDomain?: number;
  /** Ends the listening, not what was accepted. */
  readonly signal?: AbortSignal;
}

export interface ArgoConnectOptions {
  /** Bytes of the ring of this end. */
  readonly ring?: number;
  /** Waits until somebody listens there. Otherwise it is an error when nobody does. */
  readonly wait?: boolean;
  /** Ends the waiting: the call rejects with its reason. */
  readonly signal?: AbortSignal;
}

/**
 * Argo, and V4V's protocols on top of it, as a kernel has them (spec/primitives.md 7.2, 7.3). The hypercalls are those of
 * {@link Argo}; only `sendv` takes the addresses as Argo's structure has them.
 */
export interface DomainArgo extends Omit<Argo, 'sendv'> {
  /**
   * Sends one message, whole or not at all, in this thread and at once. Checked in Argo's order: the pieces and the type (`EINVAL`,
   * `EFAULT`), the sender (`EPERM`), the receiver's domain (`ESRCH`), rules (`EPERM`), rings (`ENODEV`, `ECONNREFUSED`), sizes
   * (`EINVAL`, `EMSGSIZE`), room (`EAGAIN`, `EBUSY`).
   */
  sendv(src: ArgoSource, dst: ArgoAddress, iovs: readonly Uint8Array[], type: number): number | ArgoErrno;
  /** The same, and waits for room, and for the hypervisor where it has to be asked. Needs VIRQ_ARGO. */
  send(src: ArgoSource, dst: ArgoAddress, iovs: readonly Uint8Array[], type: number): Promise<number | ArgoErrno>;
  /**
   * Calls `look` soon and after each VIRQ_ARGO, which the domain binds for all who listen, until the function it returns is called.
   *
   * @throws HypercallError `EEXIST` where the kernel has bound VIRQ_ARGO itself
   */
  listenVirq(look: () => void): Promise<() => void>;
  /** Opens a port for datagrams. @param aport a free one unless said. @throws HypercallError as `register` */
  datagrams(aport?: number, options?: ArgoRingOptions): Promise<ArgoDatagrams>;
  /**
   * Listens for streams at a port, and yields them as they are accepted; those that were accepted outlive it.
   *
   * @throws HypercallError as `register`, `EEXIST` where the port is taken
   */
  listen(aport: number, options?: ArgoListenOptions): AsyncIterableIterator<ArgoStream>;
  /**
   * Connects a stream. It takes as long as who listens there likes: a `signal` ends the waiting.
   *
   * @throws XmError `ECONNREFUSED` when nobody listens there or it has enough of us, `ESRCH` when there is no such domain (any more),
   * `EPERM` where a rule forbids it; HypercallError as `register`
   */
  connect(to: ArgoAddress, options?: ArgoConnectOptions): Promise<ArgoStream>;
}
