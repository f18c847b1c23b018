// SPDX-License-Identifier: Apache-2.0
import { hash } from 'node:crypto';
import { MAX_REGISTRATIONS, REFERENCE_BYTES } from './lending-contract.ts';
import { type Entry, type Nonce, RIGHT_BITS } from './lending-table.ts';

// Taken before any kernel runs: one that replaces it must not be handed a nonce.
const digest = hash;
const { Uint8Array: Bytes } = globalThis;

// Little-endian: domid (2), rights (1), form (1), index (4), offset (6), length (6), tag (12).
const TAG = 20;
const TAG_BYTES = REFERENCE_BYTES - TAG;

/** How a reference proves itself: by the nonce, or by a digest of nonce and limits, which gives no more than those. */
export const FORM = { whole: 1, attenuated: 2 } as const;

/** A reference, taken apart: numbers that anybody may have made up. */
export interface Reference {
  readonly domid: number;
  readonly index: number;
  readonly form: number;
  /** Of {@link RIGHT_BITS}. With offset and length a hint, unless the form is attenuated. */
  readonly rights: number;
  /** Bytes from the start of what is registered. */
  readonly offset: number;
  readonly length: number;
  readonly tag: Nonce;
}

/** What a reference gives of an entry. */
export type Share = Pick<Reference, 'rights' | 'offset' | 'length'>;

/** Takes a reference apart; undefined when it is cut short or cannot be one. */
export function parseReference(bytes: Uint8Array, at: number): Reference | undefined {
  if (!(at >= 0 && at + REFERENCE_BYTES <= bytes.length)) return undefined;
  const reference: Reference = {
    domid: get16(bytes, at),
    rights: bytes[at + 2]! & 0xff,
    form: bytes[at + 3]! & 0xff,
    index: get32(bytes, at + 4) >>> 0,
    offset: get48(bytes, at + 8),
    length: get48(bytes, at + 14),
    tag: tagAt(bytes, at + TAG),
  };
  const { form, rights, index } = reference;
  const sound = form === FORM.whole || form === FORM.attenuated;
  return sound && index < MAX_REGISTRATIONS && rights > 0 && rights <= RIGHT_BITS.readwrite ? reference : undefined;
}

/** The reference to all of an entry. */
export function wholeReference(domid: number, index: number, rights: number, length: number, nonce: Nonce): Uint8Array {
  const bytes = fields({ domid, index, rights, offset: 0, length }, FORM.whole);
  for (let word = 0; word < nonce.length; word++) put32(bytes, TAG + 4 * word, nonce[word]!);
  return bytes;
}

/** A reference to a part of an entry. Only who knows the nonce can make one, and the nonce does not follow from it. */
export function attenuatedReference(part: Omit<Reference, 'form' | 'tag'>, nonce: Nonce): Uint8Array {
  const bytes = fields(part, FORM.attenuated);
  const proof = proofOf(bytes, 0, nonce);
  for (let at = 0; at < TAG_BYTES; at++) bytes[TAG + at] = proof[at]!;
  return bytes;
}

/** What a reference gives of the entry with this nonce; undefined if it is not one to it. */
export function shareOf(reference: Reference, entry: Entry, nonce: Nonce): Share | undefined {
  if (reference.form === FORM.whole) {
    return same(reference.tag, nonce) ? { rights: entry.rights, offset: 0, length: entry.length } : undefined;
  }
  const proof = proofOf(fields(reference, FORM.attenuated), 0, nonce);
  const rights = reference.rights & entry.rights;
  const inside = reference.offset + reference.length <= entry.length;
  return same(reference.tag, tagAt(proof, 0)) && inside && rights !== 0
    ? { rights, offset: reference.offset, length: reference.length }
    : undefined;
}

/** Without a branch for each word: how long it takes must not tell how much was right. */
function same(one: Nonce, other: Nonce): boolean {
  return ((one[0] ^ other[0]) | (one[1] ^ other[1]) | (one[2] ^ other[2])) === 0;
}

function fields(part: Omit<Reference, 'form' | 'tag'>, form: number): Uint8Array {
  const bytes = new Bytes(REFERENCE_BYTES);
  bytes[0] = part.domid;
  bytes[1] = part.domid >>> 8;
  bytes[2] = part.rights;
  bytes[3] = form;
  put32(bytes, 4, part.index);
  put48(bytes, 8, part.offset);
  put48(bytes, 14, part.length);
  return bytes;
}

/** A digest of the nonce and everything in a reference but its tag. */
function proofOf(bytes: Uint8Array, at: number, nonce: Nonce): Uint8Array {
  const message = new Bytes(TAG_BYTES + TAG);
  for (let word = 0; word < nonce.length; word++) put32(message, 4 * word, nonce[word]!);
  for (let byte = 0; byte < TAG; byte++) message[TAG_BYTES + byte] = bytes[at + byte]!;
  return digest('sha256', message, 'buffer');
}

const tagAt = (bytes: Uint8Array, at: number): Nonce => [get32(bytes, at), get32(bytes, at + 4), get32(bytes, at + 8)];

// By bytes: references lie anywhere, and a view for each would cost more.
function get16(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8);
}

function get32(bytes: Uint8Array, at: number): number {
  return get16(bytes, at) | (get16(bytes, at + 2) << 16);
}

function get48(bytes: Uint8Array, at: number): number {
  return (get32(bytes, at) >>> 0) + get16(bytes, at + 4) * 2 ** 32;
}

function put32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value;
  bytes[at + 1] = value >>> 8;
  bytes[at + 2] = value >>> 16;
  bytes[at + 3] = value >>> 24;
}

function put48(bytes: Uint8Array, at: number, value: number): void {
  const high = Math.floor(value / 2 ** 32);
  put32(bytes, at, value >>> 0);
  bytes[at + 4] = high;
  bytes[at + 5] = high >>> 8;
}
