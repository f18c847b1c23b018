// SPDX-License-Identifier: Apache-2.0

declare const BASE: unique symbol;

/** What a provider is given when it registers: the type of its buffers. Known by identity, to one registry only. */
export interface BufferType<out Base> {
  /** Small and dense: the order of registration. */
  readonly id: number;
  /** For people: messages and lists. */
  readonly name: string;
  /** Never there; it ties the type to what its buffers are based on. */
  readonly [BASE]?: Base;
}

/**
 * A local buffer reference (spec/idc.md 1.3, rules 72 to 74): bytes wherever they lie. Who holds one needs not know which
 * memory is behind it; what `base` and `offset` mean is the provider's own.
 */
export interface LocalBuffer<out Base = unknown> {
  readonly type: BufferType<Base>;
  readonly base: Base;
  /** Bytes from the start of the base. */
  readonly offset: number;
  /** Bytes. */
  readonly length: number;
}

/**
 * Ends an operation, once; it may be called before the function that it was given to returns. All or error (gap G4): without
 * `error` (undefined or null), `bytes` is the whole length; with it, so many bytes at the start of the target hold what they
 * should, and those behind them may or may not.
 */
export type Done = (error: unknown, bytes: number) => void;

/**
 * The duty of a provider (rule 75): both copies with the stack, private memory of at most `STACK_BYTES`. That alone makes its
 * buffers copy to and from those of every other type. What it throws is reported as an error. It is asked in order, a next
 * time when it has completed, and keeps `stack` no longer than that.
 */
export interface Provider<Base> {
  readonly name: string;
  /** Fills `stack` with the `length` bytes at `offset`. */
  copyToStack(base: Base, offset: number, stack: Uint8Array, length: number, done: Done): void;
  /** Puts the `length` bytes of `stack` to `offset`. */
  copyFromStack(base: Base, offset: number, stack: Uint8Array, length: number, done: Done): void;
  /** Gives up what a range holds after a move, if that saves something; the content is undefined from then on (rule 77). */
  discard?(base: Base, offset: number, length: number): void;
}

/** A copy for one pair of types (rule 76). Both lengths are equal, and not 0. What it throws is reported as an error. */
export type CopyMethod<Source, Target> = (source: LocalBuffer<Source>, target: LocalBuffer<Target>, done: Done) => void;

/** The types of buffers that one program knows, and copies between them. */
export interface BufferTypes {
  register<Base>(provider: Provider<Base>): BufferType<Base>;
  /** Overrides the copy through the stack for one pair: it changes the speed, never the result. @throws if there is one */
  pair<Source, Target>(
    source: BufferType<Source>,
    target: BufferType<Target>,
    method: CopyMethod<Source, Target>,
  ): void;
  /**
   * Copies all of `source` to the start of `target`, which has room for it. Ranges of one base may overlap if its type has a
   * pair with itself that allows it; bytes and pages have.
   */
  copy(source: LocalBuffer, target: LocalBuffer, done: Done): void;
  /** As `copy`, but leaves the content of `source` undefined if it succeeds, and untouched if not. No overlap. */
  move(source: LocalBuffer, target: LocalBuffer, done: Done): void;
  /** The type of stack buffers: private memory, to look at what lies elsewhere (rule 80). */
  readonly stack: BufferType<Uint8Array>;
  /** `STACK_BYTES` of undefined content, until `giveStack`. */
  takeStack(): LocalBuffer<Uint8Array>;
  /** @throws when it was given back before */
  giveStack(buffer: LocalBuffer<Uint8Array>): void;
}
