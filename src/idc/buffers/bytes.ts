// SPDX-License-Identifier: Apache-2.0
import { XmError } from '../../errors.ts';
import type { BufferType, BufferTypes, LocalBuffer, Provider } from './contract.ts';
import { localBuffer } from './local-buffer.ts';

/** Memory of this address space as buffers: the base is the memory (rule 73). */
export interface Bytes {
  readonly type: BufferType<Uint8Array>;
  /** All of `bytes`, private or shared. */
  of(bytes: Uint8Array): LocalBuffer<Uint8Array>;
}

/** Registers memory as a type of buffers; copies between two of them are plain copies, also if they overlap. */
export function registerBytes(types: BufferTypes): Bytes {
  const type = types.register(memoryProvider('bytes'));
  types.pair(type, type, (source, target, done) => {
    const { length } = source;
    viewOf(target.base, target.offset, length).set(viewOf(source.base, source.offset, length));
    done(undefined, length);
  });
  return { type, of: (bytes) => localBuffer(type, bytes, 0, bytes.length) };
}

/** A provider of memory. */
export function memoryProvider(name: string): Provider<Uint8Array> {
  return {
    name,
    copyToStack(base, offset, stack, length, done) {
      stack.set(viewOf(base, offset, length));
      done(undefined, length);
    },
    copyFromStack(base, offset, stack, length, done) {
      viewOf(base, offset, length).set(stack);
      done(undefined, length);
    },
  };
}

/**
 * A range of memory.
 *
 * @throws XmError when it does not lie within the memory, which may have shrunk since the buffer was made
 */
export function viewOf(bytes: Uint8Array, offset: number, length: number): Uint8Array {
  if (offset + length > bytes.length) {
    throw new XmError('ERANGE', `no ${length} bytes at ${offset} of ${bytes.length}`);
  }
  return bytes.subarray(offset, offset + length);
}
