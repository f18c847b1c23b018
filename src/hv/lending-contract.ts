// SPDX-License-Identifier: Apache-2.0
import type { Extent, FrameVector } from './contract.ts';

/** Bytes of a reference on the wire. It needs no alignment. */
export const REFERENCE_BYTES = 32;
/** Most bytes that one `read` or `write` moves, so that a fence waits for one such copy at most. */
export const CHUNK_BYTES = 64 * 1024;
/** Registrations that a domain can have at once. */
export const MAX_REGISTRATIONS = 16384;

/** What the holder of a reference may do with what lies behind it. */
export type Rights = 'read' | 'write' | 'readwrite';

/**
 * Why something was not done. `gone`: unregistered, its owner dead, stale, forged: all the same answer, so that guessing
 * learns nothing. `denied`: no right to it. `range`: not within the buffer.
 */
export type Refusal = 'gone' | 'denied' | 'range';

/** How a range of an extent, or of hidden pages, is lent. */
export interface LendOptions {
  readonly rights: Rights;
  /** Bytes from the start of the extent; 0 unless said. */
  readonly offset?: number;
  /** Bytes; the rest of the extent unless said. */
  readonly length?: number;
  /**
   * `copy`, unless said: only the hypercall layer of those who hold the reference touches the bytes. `map`: they get the real
   * bytes for as long as they hold a pin, and are trusted to let go (spec/idc.md 1.3, rule 85). Hidden pages are lent by `copy`
   * whatever is said; what copies between them and others shares them where it can.
   */
  readonly by?: 'copy' | 'map';
  /** Counts what arrives (rule 67). */
  readonly fill?: FillOptions;
}

/** Where it is written down which bytes have arrived, so that what arrives twice counts once. */
export interface FillOptions {
  readonly extent: Extent;
  /** Bytes from the start of that extent, a multiple of 4; from there one bit for each byte lent, in whole words. */
  readonly offset: number;
  /** Called once, when every byte has been written at least once; never after `unregister`. */
  readonly onFilled: () => void;
}

/** Something lent. */
export interface Registration {
  /** {@link REFERENCE_BYTES} that name it, for whoever they are given to. Nobody can guess them. */
  readonly reference: Uint8Array;
  /**
   * Ends access, whatever references are held elsewhere. A fence: when `done` is called nobody touches the bytes any more. It
   * waits for copies that run, and for pins; never for a message, nor for a domain that died.
   *
   * @throws when called twice
   */
  unregister(done: () => void): void;
}

/** Who lends. */
export interface Lender {
  /**
   * Lends a range of an extent of this domain, or of its hidden pages, which are not freed before it ends.
   *
   * @returns undefined when all registrations that this lender may have are in use
   * @throws RangeError when the memory has no such range
   */
  register(memory: Extent | FrameVector, options: LendOptions): Registration | undefined;
}

/** A number of registrations, reserved: those who use up theirs take nothing from others (rule 61). */
export interface Registrar extends Lender {
  /** Registrations of it that there are. */
  readonly inUse: number;
  /** Gives up the reservation; what is registered stays so until its own end. */
  close(): void;
}

/** Parts of what a reference gives, to give away less (rule 87). What is not said stays as it is. */
export interface Limits {
  readonly rights?: Rights;
  /** Bytes from the start of the buffer that the reference names. */
  readonly offset?: number;
  readonly length?: number;
}

/** Real bytes, until `release`, which the owner's fence waits for. */
export interface PinnedBuffer {
  readonly bytes: Uint8Array;
  /** Says which of the bytes were written, for an owner that counts. */
  filled(offset: number, length: number): void;
  /** More than once is once. */
  release(): void;
}

/** What lies behind a reference, of any domain, for who holds it. It says `gone` from the moment it is unregistered. */
export interface BorrowedBuffer {
  /** Bytes. */
  readonly length: number;
  readonly rights: Rights;
  /** Whether it can be pinned. */
  readonly mappable: boolean;
  /** Whether it is hidden pages. */
  readonly paged: boolean;
  /** Copies to `target`. @returns bytes copied, at most {@link CHUNK_BYTES}: the start of what was asked for */
  read(offset: number, target: Uint8Array): number | Refusal;
  /** Copies from `source`. @returns bytes copied, at most {@link CHUNK_BYTES} */
  write(offset: number, source: Uint8Array): number | Refusal;
  /**
   * As `read` or `write`, between hidden pages here and a buffer that is {@link BorrowedBuffer.paged}: whole pages are shared where
   * both lie alike in theirs.
   *
   * @param at bytes from the start of `pages`
   * @param sharing false to copy everything
   * @returns bytes exchanged, at most a mebibyte
   */
  exchange(
    right: 'read' | 'write',
    offset: number,
    pages: FrameVector,
    at: number,
    length: number,
    sharing: boolean,
  ): number | Refusal;
  /**
   * Gets the real bytes of a buffer that is lent `by: 'map'`; another one is `denied`. Calls `done` at once, or, when too many
   * pins of this domain exist, after one was released. JavaScript has no read-only view: a right to read is a promise then.
   */
  pin(right: 'read' | 'write', done: (pinned: PinnedBuffer | Refusal) => void): void;
  /** Makes a reference to a part, or with fewer rights. It is gone when this one is, needs no owner, and nobody notices. */
  attenuate(limits: Limits): Uint8Array | Refusal;
}

/**
 * Memory lent by references: capabilities of the machine, usable by any domain that they reach, revocable without anybody's
 * help (spec/idc.md 1.3 I). Bytes are moved by the thread of whoever uses a reference; the hypervisor is asked when it meets
 * an owner, or an extent, for the first time.
 */
export interface Lending extends Lender {
  /** Reserves registrations, as many as there are left of `count`. */
  reserve(count: number): Registrar;
  /**
   * Looks up what a reference names. It is read once, from byte `at` on.
   *
   * @param done called at once if the owner and the extent are known here, with undefined if it names nothing (any more)
   */
  open(reference: Uint8Array, at: number, done: (borrowed: BorrowedBuffer | undefined) => void): void;
  /** {@link Lending.open} and {@link BorrowedBuffer.pin} in one, for who pins something once. */
  pin(reference: Uint8Array, at: number, right: 'read' | 'write', done: (pinned: PinnedBuffer | Refusal) => void): void;
}
