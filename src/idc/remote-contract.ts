// SPDX-License-Identifier: Apache-2.0
import type { Limits, PinnedBuffer, Refusal, Registration, Rights } from '../hv/lending-contract.ts';
import type { Done, LocalBuffer } from './buffers/contract.ts';
import type { StandardBuffers } from './buffers/standard.ts';

/** How a buffer is lent. */
export interface RegisterOptions {
  readonly rights: Rights;
  /** `map` gives holders the real bytes for a while: for peers who are trusted to let go. Else theirs are copies. */
  readonly by?: 'copy' | 'map';
  /**
   * Tells when every byte has arrived, however often and in which order (rule 67): a read may complete then, before its answer
   * has come.
   */
  readonly fill?: {
    /** Lendable memory, nobody else's until the registration has ended: 4 bytes for each 32 lent or a part of them. */
    readonly map: LocalBuffer;
    /** Called once; never after `unregister`. */
    readonly onFilled: () => void;
  };
}

/** Makes registrations, up to a number that is reserved for it. */
export interface Registrations {
  /**
   * Lends a buffer of lendable memory or of hidden pages, or a slice of one. Who sends pages to pages, or receives them, shares
   * those that lie alike; they are never mapped, whatever `by` says.
   *
   * @returns undefined when all registrations are in use
   * @throws XmError `EINVAL` for a buffer of another kind
   */
  register(buffer: LocalBuffer, options: RegisterOptions): Registration | undefined;
}

/** Registrations that are reserved for somebody. */
export interface ReservedRegistrations extends Registrations {
  /** How many there are now. */
  readonly inUse: number;
  /** Gives up the reservation; what is registered stays so until its own end. */
  close(): void;
}

/** Lendable memory in parts, found and given back without waiting. */
export interface LendingPool {
  /** A part in whole pages, so that nothing else is lent with it; undefined when there is no room in one piece. */
  alloc(length: number): LocalBuffer<Uint8Array> | undefined;
  /** @throws while it is registered or its fence is not complete, or when it was given back before */
  free(part: LocalBuffer<Uint8Array>): void;
  /** Gives up the pool; its memory goes back to the domain when its last part was freed. */
  close(): void;
}

/**
 * Remote buffers of a domain (spec/idc.md 1.3 I): memory of its own for whoever holds a reference, memory of others by
 * theirs. A reference is a capability: it works in any domain, with or without a connection, until it is unregistered or its
 * owner dies.
 */
export interface RemoteBuffers extends Registrations, StandardBuffers {
  /** Memory that can be lent, zeroed, of the domain's quota. Rejects with a HypercallError `ENOMEM` beyond it. */
  alloc(length: number): Promise<LocalBuffer<Uint8Array>>;
  /** Gives memory of {@link RemoteBuffers.alloc} back. Rejects with `EBUSY` while some of it is lent. */
  free(buffer: LocalBuffer<Uint8Array>): Promise<void>;
  /** Memory to be lent in parts. Rejects as {@link RemoteBuffers.alloc}. */
  pool(length: number): Promise<LendingPool>;
  /** Reserves registrations, as many as there are left of `count`. */
  reserve(count: number): ReservedRegistrations;
  /**
   * Copies all of `source`, of any type, to where a reference leads.
   *
   * @param offset bytes from the start of what the reference names
   * @param done called once, maybe before this returns: XmError `ESTALE` when the reference names nothing (any more), `EACCES`
   *   without the right, `ERANGE` beyond the end; `bytes` are the first ones, and arrived. It may be done again.
   */
  send(source: LocalBuffer, reference: Uint8Array, offset: number, done: Done): void;
  /** Fills `target`, of any type, from where a reference leads; otherwise as `send`. */
  receive(reference: Uint8Array, offset: number, target: LocalBuffer, done: Done): void;
  /**
   * Gets the real bytes of what is lent `by: 'map'`, until they are released. Calls `done` at once if it can.
   *
   * @param reference is read once, from byte `at` on
   */
  pin(reference: Uint8Array, at: number, right: 'read' | 'write', done: (pinned: PinnedBuffer | Refusal) => void): void;
  /** Bytes that this domain has sent and received by references, ever: data that it only passes on is not among them. */
  moved(): number;
  /** Makes a reference to a part of what another one names, or with fewer rights, to give away. Its owner is not asked. */
  attenuate(reference: Uint8Array, limits: Limits): Promise<Uint8Array | Refusal>;
}
