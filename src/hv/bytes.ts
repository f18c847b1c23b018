// SPDX-License-Identifier: Apache-2.0

// Everything here is taken before any kernel runs: one that replaces it must not be handed other domains' memory.
const { Uint8Array: Bytes } = globalThis;
const { defineProperty } = Object;

type Getter<T> = (of: unknown) => T;

/** A typed array's own getter, which nothing that a kernel defines can stand in for. */
function getterOf<T>(name: PropertyKey): Getter<T> {
  const prototype = Object.getPrototypeOf(Uint8Array.prototype) as object;
  return Function.prototype.call.bind(Object.getOwnPropertyDescriptor(prototype, name)!.get!) as Getter<T>;
}

const nameOf = getterOf<string | undefined>(Symbol.toStringTag);

/** Bytes of a `Uint8Array`, whatever it says itself. */
export const lengthOf = getterOf<number>('byteLength');

/** Whether something is a `Uint8Array` indeed. */
export function isBytes(value: unknown): value is Uint8Array {
  return nameOf(value) === 'Uint8Array';
}

/** All of a buffer as bytes that only the hypercall layer may have. */
export function bytesOf(buffer: SharedArrayBuffer): Uint8Array<SharedArrayBuffer> {
  // Its own length: the engine's copy asks for it, and the accessor that all views share may be a kernel's.
  return defineProperty(new Bytes(buffer), 'byteLength', { value: buffer.byteLength });
}

const bufferOf = getterOf<ArrayBufferLike>('buffer');
const offsetOf = getterOf<number>('byteOffset');

/** The same bytes, as a view that is what it says. @throws TypeError when it is no view of bytes */
export function plainBytes(view: Uint8Array, from = 0, length = lengthOf(view) - from): Uint8Array {
  return new Bytes(bufferOf(view), offsetOf(view) + from, length);
}

const { call } = Function.prototype;

/** Copies all of `source` to a view, from byte `at` on. Both are views of this thread's own making, or plain. */
export const setBytes = call.bind(Bytes.prototype.set) as (target: Uint8Array, source: Uint8Array, at: number) => void;
/** Fills a range of a view. */
export const fillBytes = call.bind(Bytes.prototype.fill) as (
  target: Uint8Array,
  value: number,
  start?: number,
  end?: number,
) => void;

/** Up to this many bytes a loop is faster than the engine's copy (measured). */
const LOOP_LIMIT = 32;

const engineCopy = Function.prototype.call.bind(Buffer.prototype.copy) as (
  source: Uint8Array,
  target: Uint8Array,
  targetStart: number,
  sourceStart: number,
  sourceEnd: number,
) => number;

/** Copies `length` bytes. Runs no code of a kernel. */
export function copyBytes(source: Uint8Array, from: number, target: Uint8Array, to: number, length: number): void {
  if (length > LOOP_LIMIT) {
    engineCopy(source, target, to, from, from + length);
    return;
  }
  for (let index = 0; index < length; index++) target[to + index] = source[from + index]!;
}
