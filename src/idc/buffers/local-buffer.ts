// SPDX-License-Identifier: Apache-2.0
import type { BufferType, LocalBuffer } from './contract.ts';

/** Makes a reference to `length` bytes at `offset` of `base`. */
export function localBuffer<Base>(
  type: BufferType<Base>,
  base: Base,
  offset: number,
  length: number,
): LocalBuffer<Base> {
  return { type, base, offset, length };
}

/**
 * A part of a buffer, of the same base.
 *
 * @param offset bytes from the start of `buffer`
 * @param length bytes; the rest of it unless said
 * @throws RangeError when `buffer` has no such part
 */
export function slice<Base>(
  buffer: LocalBuffer<Base>,
  offset: number,
  length: number = buffer.length - offset,
): LocalBuffer<Base> {
  if (!isSize(offset) || !isSize(length) || offset + length > buffer.length) {
    throw new RangeError(`no ${length} bytes at ${offset} of a buffer of ${buffer.length}`);
  }
  return localBuffer(buffer.type, buffer.base, buffer.offset + offset, length);
}

/** Whether a number can be a count of bytes. */
export function isSize(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}
