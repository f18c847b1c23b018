// SPDX-License-Identifier: Apache-2.0
import type { Span } from '../../sxp/contract.ts';
import { cite, show } from '../../sxp/show.ts';
import type { ListValue, Located, Value } from './contract.ts';
import { MAX_INTEGER, MAX_SIZE, MAX_STEPS } from './limits.ts';
import { Refused, wrongValue } from './refused.ts';

/** Counts what an evaluation does, so that a hostile configuration ends with an error instead of a full machine. */
export interface Budget {
  /** Takes a number of steps. @throws Refused when there are none left */
  spend(steps: number, span: Span): void;
  /** The same for a text or list that is about to be made, whose size is bounded too. */
  make(size: number, span: Span): void;
}

/** A budget of MAX_STEPS. */
export function budget(): Budget {
  let left = MAX_STEPS;
  const spend: Budget['spend'] = (steps, span) => {
    left -= steps;
    if (left < 0) throw new Refused('python-limit', `this takes more than ${MAX_STEPS} steps`, span);
  };
  return {
    spend,
    make(size, span) {
      if (size > MAX_SIZE) {
        throw new Refused('python-limit', `this would be larger than ${MAX_SIZE} characters or items`, span);
      }
      spend(size, span);
    },
  };
}

/** What a value is, for messages. */
export function kindOf(value: Value): string {
  if (value === null) return 'None';
  switch (typeof value) {
    case 'string':
      return 'a text';
    case 'boolean':
      return value ? 'True' : 'False';
    case 'object':
      return value.kind === 'error' ? 'an exception' : `a ${value.kind}`;
    default:
      return 'a number';
  }
}

/** Whether a condition with this value holds. */
export function isTrue(value: Value): boolean {
  if (value === null || typeof value !== 'object') return Boolean(value);
  return isSequence(value) ? value.items.length > 0 : true;
}

/** Whether it has items. */
export function isSequence(value: Value): value is ListValue {
  return typeof value === 'object' && value !== null && (value.kind === 'list' || value.kind === 'tuple');
}

/** A truth value counts as 0 or 1, as in Python. */
export function asNumber(value: Value): bigint | number | undefined {
  if (typeof value === 'boolean') return value ? 1n : 0n;
  return typeof value === 'bigint' || typeof value === 'number' ? value : undefined;
}

/** A whole number that may be too large by now. */
export function checkedInteger(value: bigint, span: Span): bigint {
  if (value < MAX_INTEGER && value >= -MAX_INTEGER) return value;
  throw new Refused('python-limit', 'this number is too large', span);
}

/**
 * A value as text, as `%s` and `str()` have it.
 *
 * @throws Refused for what has no text: a list may hold itself many times over
 */
export function textOf({ value, span }: Located): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'bigint') return String(value);
  if (typeof value === 'number') return Number.isInteger(value) ? show(value).replace(/^-?\d+$/, '$&.0') : show(value);
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (value === null) return 'None';
  throw wrongValue(`${kindOf(value)} cannot be made a text`, span);
}

/** The whole number in a text or a value, as by `int()`. */
export function integerOf({ value, span }: Located): bigint {
  const number = asNumber(value);
  if (typeof number === 'bigint') return number;
  if (typeof number === 'number') {
    if (Number.isFinite(number)) return checkedInteger(BigInt(Math.trunc(number)), span);
    throw wrongValue('this is no number', span);
  }
  if (typeof value !== 'string') throw wrongValue(`${kindOf(value)} is no number`, span);
  const digits = /^\s*([+-]?)([0-9]{1,18})\s*$/.exec(value);
  if (digits === null) throw wrongValue(`${cite(value)} is no whole number`, span);
  return digits[1] === '-' ? -BigInt(digits[2]!) : BigInt(digits[2]!);
}
