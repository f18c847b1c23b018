// SPDX-License-Identifier: Apache-2.0

/** Only such text is the same in UTF-8 and as a binary string, and it is nearly all there is in a store. */
const ASCII = /^[\0-\x7f]*$/;

/** What a client writes, text as UTF-8, as the store's binary string. */
export function toBinary(value: string | Uint8Array): string {
  if (typeof value !== 'string')
    return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('latin1');
  return ASCII.test(value) ? value : Buffer.from(value).toString('latin1');
}

/** A binary string as text: UTF-8, malformed bytes replaced by U+FFFD. */
export function toText(binary: string): string {
  return ASCII.test(binary) ? binary : Buffer.from(binary, 'latin1').toString();
}

/** The bytes of a binary string. */
export function toBytes(binary: string): Uint8Array {
  return new Uint8Array(Buffer.from(binary, 'latin1'));
}
