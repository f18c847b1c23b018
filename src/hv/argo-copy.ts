// SPDX-License-Identifier: Apache-2.0
import { type ArgoMemory, RING_HEADER } from './argo-memory.ts';

/** Up to this many bytes a loop is faster than the engine's copy (measured). */
const LOOP_LIMIT = 32;

// Bound before any kernel runs: one that replaces the method must not be handed a receiver's memory.
const copyBytes = Function.prototype.call.bind(Buffer.prototype.copy) as (
  source: Uint8Array,
  target: Uint8Array,
  targetStart: number,
  sourceStart: number,
  sourceEnd: number,
) => number;

function copy(source: Uint8Array, from: number, target: Uint8Array, to: number, length: number): void {
  if (length > LOOP_LIMIT) {
    copyBytes(source, target, to, from, from + length);
    return;
  }
  for (let index = 0; index < length; index++) target[to + index] = source[from + index]!;
}

/**
 * Copies into a ring's data, around its end.
 *
 * @param at index into the data, bytes
 * @returns the index behind what was copied
 */
export function copyIn({ bytes, length: size }: ArgoMemory, at: number, source: Uint8Array, length: number): number {
  const untilEnd = size - at;
  if (length < untilEnd) {
    copy(source, 0, bytes, RING_HEADER + at, length);
    return at + length;
  }
  copy(source, 0, bytes, RING_HEADER + at, untilEnd);
  copy(source, untilEnd, bytes, RING_HEADER, length - untilEnd);
  return length - untilEnd;
}

/** Copies out of a ring's data, around its end. @param at index into the data, bytes */
export function copyOut({ bytes, length: size }: ArgoMemory, at: number, target: Uint8Array, length: number): void {
  const untilEnd = size - at;
  const first = length < untilEnd ? length : untilEnd;
  copy(bytes, RING_HEADER + at, target, 0, first);
  copy(bytes, RING_HEADER, target, first, length - first);
}
