// SPDX-License-Identifier: Apache-2.0
import { XmError } from '../../errors.ts';
import type { Done, LocalBuffer, Provider } from './contract.ts';
import { drive } from './drive.ts';

/** Bytes of a stack buffer: it stays in the first-level cache, and a disk or a network is not asked too often. */
export const STACK_BYTES = 32 * 1024;

/** Stack buffers kept for the next copy; more exist while more copies run. */
const KEPT = 8;

/** Stack buffers in use again and again. */
export interface Stacks {
  take(): Uint8Array;
  /** @throws when it was not taken from here, or given back before */
  give(stack: Uint8Array): void;
}

export function createStacks(): Stacks {
  const free: Uint8Array[] = [];
  // Weak: one that a failed copy may still work with is never given back.
  const taken = new WeakSet<Uint8Array>();
  return {
    take() {
      const stack = free.pop() ?? new Uint8Array(STACK_BYTES);
      taken.add(stack);
      return stack;
    },
    give(stack) {
      if (!taken.delete(stack)) throw new Error('no stack buffer, or it was given back twice');
      if (free.length < KEPT) free.push(stack);
    },
  };
}

/** A buffer and the provider of its type. */
export interface Provided {
  readonly buffer: LocalBuffer;
  readonly provider: Provider<unknown>;
}

/**
 * The copy that every pair of types has (rule 75): chunk by chunk to the stack and from there. Both lengths are equal, and
 * not 0.
 */
export function copyThroughStack(source: Provided, target: Provided, stacks: Stacks, done: Done): void {
  const stack = stacks.take();
  const { length } = source.buffer;
  let position = 0;
  let size = Math.min(STACK_BYTES, length);
  let loaded = false;
  let failure: unknown;
  drive({
    start(complete) {
      const { buffer, provider } = loaded ? target : source;
      const part = size === STACK_BYTES ? stack : stack.subarray(0, size);
      if (loaded) provider.copyFromStack(buffer.base, buffer.offset + position, part, size, complete);
      else provider.copyToStack(buffer.base, buffer.offset + position, part, size, complete);
    },
    next(error, bytes) {
      failure = failureOf(error, bytes, size);
      if (loaded) position += bytes;
      if (failure !== undefined) return false;
      if (loaded) size = Math.min(STACK_BYTES, length - position);
      loaded = !loaded;
      return size > 0;
    },
    end() {
      // A step that failed may still work with the stack, so that it is nobody's any more.
      if (failure === undefined) stacks.give(stack);
      done(failure, position);
    },
  });
}

/** The error of an outcome: also if not everything was done although there is none. */
export function failureOf(error: unknown, bytes: number, length: number): unknown {
  if (error !== undefined && error !== null) return error;
  return bytes === length ? undefined : new XmError('EIO', `a provider did ${bytes} of ${length} bytes`);
}
