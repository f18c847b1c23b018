// SPDX-License-Identifier: Apache-2.0
import { XmError } from '../../errors.ts';
import { memoryProvider, viewOf } from './bytes.ts';
import type { BufferType, BufferTypes, CopyMethod, Done, LocalBuffer, Provider } from './contract.ts';
import { attempt } from './drive.ts';
import { isSize, localBuffer, slice } from './local-buffer.ts';
import { copyThroughStack, createStacks, failureOf, STACK_BYTES } from './stack.ts';

/**
 * Copies that run inside the completions of others, one in the other. Beyond that they wait until those have returned:
 * otherwise a client that starts each next copy when one completes would overflow the call stack.
 */
const NESTED = 16;

interface Entry {
  readonly type: BufferType<unknown>;
  readonly provider: Provider<unknown>;
  /** By the id of the target's type. */
  readonly methods: (CopyMethod<unknown, unknown> | undefined)[];
}

/** Makes a registry. It knows the type of stack buffers and no other. */
export function createBufferTypes(): BufferTypes {
  const entries: Entry[] = [];
  const stacks = createStacks();
  const nest = createNest();

  function register<Base>(provider: Provider<Base>): BufferType<Base> {
    const type: BufferType<Base> = { id: entries.length, name: provider.name };
    entries.push({ type, provider: provider as Provider<unknown>, methods: [] });
    return type;
  }

  const stack = register(memoryProvider('stack'));

  function entryOf(type: BufferType<unknown>): Entry {
    const entry = entries[type.id];
    if (entry?.type !== type) throw new XmError('EINVAL', `buffers of type ${type.name} are unknown here`);
    return entry;
  }

  /** The copy of a pair of types. */
  function start(source: LocalBuffer, target: LocalBuffer, done: Done): void {
    const from = entryOf(source.type);
    const to = entryOf(target.type);
    const { offset, length } = target;
    const method = from.methods[to.type.id];
    if (method !== undefined) method(source, target, done);
    else if (to.type === stack) {
      const memory = viewOf(target.base as Uint8Array, offset, length);
      from.provider.copyToStack(source.base, source.offset, memory, length, done);
    } else if (from.type === stack) {
      const memory = viewOf(source.base as Uint8Array, source.offset, length);
      to.provider.copyFromStack(target.base, offset, memory, length, done);
    } else {
      copyThroughStack(
        { buffer: source, provider: from.provider },
        { buffer: target, provider: to.provider },
        stacks,
        done,
      );
    }
  }

  /** Copies, and then lets `discard` give the source up. What either throws is the error of both. */
  function transfer(source: LocalBuffer, target: LocalBuffer, discard: (() => void) | undefined, done: Done): void {
    const { length } = source;
    attempt(
      (complete) => {
        check(source);
        check(target);
        if (length > target.length) {
          throw new XmError('ERANGE', `${length} bytes do not fit into a buffer of ${target.length}`);
        }
        if (length === 0) complete(undefined, 0);
        else start(source, length === target.length ? target : slice(target, 0, length), complete);
      },
      (error, bytes) => {
        const failure = failureOf(error, bytes, length);
        if (failure !== undefined || discard === undefined || length === 0) done(failure, bytes);
        else
          attempt(
            (complete) => {
              discard();
              complete(undefined, bytes);
            },
            (thrown) => done(thrown, bytes),
          );
      },
    );
  }

  function check({ type, offset, length }: LocalBuffer): void {
    entryOf(type);
    if (isSize(offset) && isSize(length) && isSize(offset + length)) return;
    throw new XmError('ERANGE', `no ${type.name} has ${length} bytes at ${offset}`);
  }

  return {
    register,
    pair(source, target, method) {
      const { methods } = entryOf(source);
      const { id } = entryOf(target).type;
      if (methods[id] !== undefined) throw new Error(`${source.name} to ${target.name} has a method already`);
      // It is found by these two types, so that it only sees buffers of theirs.
      methods[id] = method as CopyMethod<unknown, unknown>;
    },
    copy(source, target, done) {
      nest(() => transfer(source, target, undefined, done));
    },
    move(source, target, done) {
      if (overlap(source, target)) {
        done(new XmError('EINVAL', 'the ranges of a move overlap'), 0);
        return;
      }
      const { base, offset, length } = source;
      nest(() => transfer(source, target, () => entryOf(source.type).provider.discard?.(base, offset, length), done));
    },
    stack,
    takeStack: () => localBuffer(stack, stacks.take(), 0, STACK_BYTES),
    giveStack: (buffer) => stacks.give(buffer.base),
  };
}

/** Whether a move would give up what it wrote. */
function overlap(source: LocalBuffer, target: LocalBuffer): boolean {
  const { length } = source;
  if (source.type !== target.type || source.base !== target.base || length === 0) return false;
  return Math.abs(source.offset - target.offset) < length;
}

/** Runs what it is given: at once, or, nested too deeply, when the outermost has returned. */
function createNest(): (task: () => void) => void {
  const waiting: (() => void)[] = [];
  let depth = 0;

  function drain(): void {
    try {
      for (let task = waiting.shift(); task !== undefined; task = waiting.shift()) run(task);
    } finally {
      // A completion threw: the copies of others go on all the same.
      if (waiting.length > 0) queueMicrotask(drain);
    }
  }

  function run(task: () => void): void {
    depth++;
    try {
      task();
    } finally {
      depth--;
    }
  }

  return (task) => {
    if (depth >= NESTED) {
      waiting.push(task);
      return;
    }
    try {
      run(task);
    } finally {
      if (depth === 0 && waiting.length > 0) drain();
    }
  };
}
