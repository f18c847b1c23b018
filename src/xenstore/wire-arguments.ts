// SPDX-License-Identifier: Apache-2.0
import { StoreError } from './contract.ts';

/**
 * The texts of a payload, each ended by a NUL, as binary strings.
 * @param raw how many such texts come before the rest, which is raw bytes and the last argument; absent: there are only texts
 * @throws StoreError EINVAL when a NUL is missing
 */
export function readArguments(bytes: Buffer, start: number, end: number, raw?: number): string[] {
  const texts: string[] = [];
  let at = start;
  while (texts.length !== raw && at < end) {
    const nul = bytes.indexOf(0, at);
    if (nul < 0 || nul >= end) throw new StoreError('EINVAL', 'no NUL');
    texts.push(bytes.toString('latin1', at, nul));
    at = nul + 1;
  }
  if (texts.length === raw) texts.push(bytes.toString('latin1', at, end));
  return texts;
}

/** Texts as a payload: each ended by a NUL. */
export function joinArguments(texts: readonly string[]): string {
  return texts.length === 0 ? '' : `${texts.join('\0')}\0`;
}

function numberOf(text: string, max: number): number {
  const value = /^[0-9]{1,10}$/.test(text) ? Number(text) : Number.POSITIVE_INFINITY;
  if (value > max) throw new StoreError('EINVAL', `bad number '${text}'`);
  return value;
}

/** The number that decimal digits stand for, below 2^32; `007` is 7. @throws StoreError EINVAL for anything else */
export const parseNumber = (text: string): number => numberOf(text, 0xffff_ffff);

/** As {@link parseNumber}, for a domid. */
export const parseDomid = (text: string): number => numberOf(text, 0xffff);
