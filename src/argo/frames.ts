// SPDX-License-Identifier: Apache-2.0
import type { ArgoMessage } from '../hv/argo-contract.ts';

/** V4V's number of the stream protocol (spec/primitives.md 7.2). */
export const STREAM = 0x70f6a8e5;

/** Bytes before the data of each message: flags and conid, 32 bits each, little-endian. */
export const FRAME_HEADER = 8;

/** Flags of V4V, and `fin`, which it has not: nothing comes after this, in this direction. */
export const FLAG = { syn: 1, ack: 2, rst: 4, fin: 8 } as const;

/** A header. */
export function frameHeader(flags: number, conid: number): Uint8Array {
  const header = new Uint8Array(FRAME_HEADER);
  const view = new DataView(header.buffer);
  view.setUint32(0, flags, true);
  view.setUint32(4, conid, true);
  return header;
}

/** Flags of a message of the connection, or undefined when it is of another one, or none. */
export function flagsOf({ data, length }: ArgoMessage, conid: number): number | undefined {
  return length >= FRAME_HEADER && wordAt(data, 4) === conid ? wordAt(data, 0) : undefined;
}

/** The connection that a message asks for, if it does that. */
export function asksFor({ data, length }: ArgoMessage): number | undefined {
  return length >= FRAME_HEADER && wordAt(data, 0) === FLAG.syn ? wordAt(data, 4) : undefined;
}

function wordAt(bytes: Uint8Array, at: number): number {
  return (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0;
}
