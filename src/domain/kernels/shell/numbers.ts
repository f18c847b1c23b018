// SPDX-License-Identifier: Apache-2.0
import { XmError } from '../../../errors.ts';

const UNITS: Readonly<Record<string, number>> = { '': 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 };

/**
 * A number of bytes as people write it: `512`, `0x200`, `64k`, `1M`, `2G` (units of 1024).
 *
 * @param what the word for the number in an error, e.g. `offset`
 * @throws XmError for anything else, and beyond 2^53
 */
export function parseBytes(text: string, what: string): number {
  const [, digits, unit] = /^(0x[0-9a-f]+|\d+)([kmg]?)$/i.exec(text) ?? [];
  const bytes = Number(digits) * UNITS[unit?.toLowerCase() ?? '']!;
  if (!Number.isSafeInteger(bytes)) throw new XmError('EINVAL', `'${text}' is no ${what} in bytes.`);
  return bytes;
}

/** @throws XmError unless `text` is a number of seconds from 0 to a million, with or without decimals */
export function parseSeconds(text: string): number {
  const seconds = /^\d*\.?\d+$/.test(text) ? Number(text) : Number.NaN;
  // A timer counts milliseconds in 31 bits.
  if (!(seconds <= 1_000_000)) throw new XmError('EINVAL', `'${text}' is no number of seconds up to 1000000.`);
  return seconds;
}
