// SPDX-License-Identifier: Apache-2.0
import { type ByteRingPlace, latestBytes } from '../../ring/byte-ring.ts';

/** The console page (spec/primitives.md 5.4): `out` goes to the console, `in` comes from it. */
export function consoleRings(buffer: ArrayBufferLike): { readonly in: ByteRingPlace; readonly out: ByteRingPlace } {
  return {
    in: { buffer, data: 0, size: 1024, cons: 3072, prod: 3076 },
    out: { buffer, data: 1024, size: 2048, cons: 3080, prod: 3084 },
  };
}

/** What was printed last, 2048 bytes at most, taken or not. */
export function latestOutput(buffer: ArrayBufferLike): Uint8Array {
  return latestBytes(consoleRings(buffer).out);
}
