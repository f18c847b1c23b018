// SPDX-License-Identifier: Apache-2.0
import { type ArgoMemory, RING_HEADER } from './argo-memory.ts';
import { copyBytes } from './bytes.ts';

/**
 * Copies into a ring's data, around its end.
 *
 * @param at index into the data, bytes
 * @returns the index behind what was copied
 */
export function copyIn({ bytes, length: size }: ArgoMemory, at: number, source: Uint8Array, length: number): number {
  const untilEnd = size - at;
  if (length < untilEnd) {
    copyBytes(source, 0, bytes, RING_HEADER + at, length);
    return at + length;
  }
  copyBytes(source, 0, bytes, RING_HEADER + at, untilEnd);
  copyBytes(source, untilEnd, bytes, RING_HEADER, length - untilEnd);
  return length - untilEnd;
}

/** Copies out of a ring's data, around its end. @param at index into the data, bytes */
export function copyOut({ bytes, length: size }: ArgoMemory, at: number, target: Uint8Array, length: number): void {
  const untilEnd = size - at;
  const first = length < untilEnd ? length : untilEnd;
  copyBytes(bytes, RING_HEADER + at, target, 0, first);
  copyBytes(bytes, RING_HEADER, target, first, length - first);
}
