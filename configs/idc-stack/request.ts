// SPDX-License-Identifier: Apache-2.0
import { REFERENCE_BYTES } from 'xenidc';

/** What a layer asks the one below: to put `length` bytes from `offset` on where `reference` leads. */
export interface ReadRequest {
  readonly offset: number;
  readonly length: number;
  readonly reference: Uint8Array;
}

/** What a layer answers that has no such bytes. */
export const BEYOND = 1;

/** A request as it travels: two numbers, then the reference. */
export function encode({ offset, length, reference }: ReadRequest): Uint8Array {
  const bytes = new Uint8Array(16 + REFERENCE_BYTES);
  new Float64Array(bytes.buffer, 0, 2).set([offset, length]);
  bytes.set(reference, 16);
  return bytes;
}

/**
 * What a client sent, which may be anything.
 *
 * @param size bytes that there are
 * @returns undefined when it asks for others
 */
export function decode(parameters: Uint8Array, size: number): ReadRequest | undefined {
  const [offset = 0, length = 0] = new Float64Array(parameters.slice(0, 16).buffer);
  const whole = Number.isSafeInteger(offset) && Number.isSafeInteger(length) && offset >= 0 && length >= 0;
  if (!whole || offset + length > size) return undefined;
  return { offset, length, reference: parameters.slice(16, 16 + REFERENCE_BYTES) };
}
