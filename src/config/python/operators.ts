// SPDX-License-Identifier: Apache-2.0
import type { Span } from '../../sxp/contract.ts';
import type { Located, Value } from './contract.ts';
import { formatText } from './format.ts';
import { wrongValue } from './refused.ts';
import { asNumber, type Budget, checkedInteger, isSequence, kindOf } from './values.ts';

/** Applies an operator; `span` is that of both sides together. */
type Operator = (left: Located, right: Located, span: Span, budget: Budget) => Value;

interface Arithmetic {
  readonly whole: (a: bigint, b: bigint) => bigint;
  readonly broken: (a: number, b: number) => number;
}

const ARITHMETIC: Readonly<Record<string, Arithmetic>> = {
  '+': { whole: (a, b) => a + b, broken: (a, b) => a + b },
  '-': { whole: (a, b) => a - b, broken: (a, b) => a - b },
  '*': { whole: (a, b) => a * b, broken: (a, b) => a * b },
  // The sign of a remainder is that of the divisor.
  '%': { whole: (a, b) => ((a % b) + b) % b, broken: (a, b) => ((a % b) + b) % b },
};

function arithmetic(operator: string, left: Located, right: Located, span: Span): Value | undefined {
  const a = asNumber(left.value);
  const b = asNumber(right.value);
  if (a === undefined || b === undefined) return undefined;
  const { whole, broken } = ARITHMETIC[operator]!;
  if (operator === '%' && Number(b) === 0) throw wrongValue('division by zero', right.span);
  if (typeof a === 'bigint' && typeof b === 'bigint') return checkedInteger(whole(a, b), span);
  return broken(Number(a), Number(b));
}

const mismatch = (operator: string, left: Located, right: Located, span: Span) =>
  wrongValue(`${kindOf(left.value)} ${operator} ${kindOf(right.value)} has no meaning`, span);

const plus: Operator = (left, right, span, budget) => {
  const a = left.value;
  const b = right.value;
  if (typeof a === 'string' && typeof b === 'string') {
    budget.make(a.length + b.length, span);
    return a + b;
  }
  if (isSequence(a) && isSequence(b) && a.kind === b.kind) {
    budget.make(a.items.length + b.items.length, span);
    return { kind: a.kind, items: [...a.items, ...b.items] };
  }
  const sum = arithmetic('+', left, right, span);
  if (sum === undefined) throw mismatch('+', left, right, span);
  return sum;
};

const minus: Operator = (left, right, span) => {
  const difference = arithmetic('-', left, right, span);
  if (difference === undefined) throw mismatch('-', left, right, span);
  return difference;
};

const times: Operator = (left, right, span, budget) => {
  const product = arithmetic('*', left, right, span);
  if (product !== undefined) return product;
  const [whole, count] = asNumber(left.value) === undefined ? [left, right] : [right, left];
  const repeated = asNumber(count.value);
  if (typeof repeated !== 'bigint') throw mismatch('*', left, right, span);
  const times = Number(repeated < 0n ? 0n : repeated);
  if (typeof whole.value === 'string') {
    budget.make(whole.value.length * times, span);
    return whole.value.repeat(whole.value === '' ? 0 : times);
  }
  if (!isSequence(whole.value)) throw mismatch('*', left, right, span);
  const { kind, items } = whole.value;
  budget.make(items.length * times, span);
  return { kind, items: items.length === 0 ? [] : Array.from({ length: times }, () => items).flat() };
};

const remainder: Operator = (left, right, span, budget) => {
  if (typeof left.value === 'string') return formatText(left.value, right, span, budget);
  const rest = arithmetic('%', left, right, span);
  if (rest === undefined) throw mismatch('%', left, right, span);
  return rest;
};

/** Whether two values are equal; lists are not compared, since comparing them could take for ever. */
function equal(left: Located, right: Located, span: Span): boolean {
  for (const { value } of [left, right]) {
    if (typeof value === 'object' && value !== null) throw wrongValue(`${kindOf(value)} cannot be compared`, span);
  }
  const a = asNumber(left.value);
  const b = asNumber(right.value);
  // biome-ignore lint/suspicious/noDoubleEquals: 1 and 1.0 are equal
  return a === undefined || b === undefined ? left.value === right.value : a == b;
}

function ordered(
  operator: string,
  holds: (a: string | bigint | number, b: string | bigint | number) => boolean,
): Operator {
  return (left, right, span) => {
    const texts = typeof left.value === 'string' && typeof right.value === 'string';
    const a = texts ? left.value : asNumber(left.value);
    const b = texts ? right.value : asNumber(right.value);
    if (a === undefined || b === undefined) throw mismatch(operator, left, right, span);
    return holds(a as string, b as string);
  };
}

const contains: Operator = (left, right, span, budget) => {
  const { value } = right;
  if (typeof value === 'string' && typeof left.value === 'string') {
    budget.spend(value.length, span);
    return value.includes(left.value);
  }
  if (!isSequence(value)) throw mismatch('in', left, right, span);
  budget.spend(value.items.length, span);
  return value.items.some((item) => equal(left, item, span));
};

const differs: Operator = (left, right, span) => !equal(left, right, span);

/** All operators that look at both sides before they decide; `and` and `or` do not. */
export const operators: Readonly<Record<string, Operator>> = {
  '+': plus,
  '-': minus,
  '*': times,
  '%': remainder,
  '==': equal,
  '!=': differs,
  '<>': differs,
  '<': ordered('<', (a, b) => a < b),
  '<=': ordered('<=', (a, b) => a <= b),
  '>': ordered('>', (a, b) => a > b),
  '>=': ordered('>=', (a, b) => a >= b),
  in: contains,
  'not in': (...sides) => !contains(...sides),
};
