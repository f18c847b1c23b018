// SPDX-License-Identifier: Apache-2.0
import type { Span } from '../../sxp/contract.ts';
import { cite, quote } from '../../sxp/show.ts';
import type { Located } from './contract.ts';
import { Refused, wrongValue } from './refused.ts';
import { asNumber, type Budget, integerOf, isSequence, kindOf, textOf } from './values.ts';

/** What stands between `%` and the letter. */
interface Format {
  readonly flags: string;
  readonly precision: number | undefined;
}

const PLACE = /%([-0+ #]*)([0-9]*)(?:\.([0-9]*))?(.?)/gs;

const radix =
  (base: number, prefix: string) =>
  (given: Located, { flags }: Format) => {
    const value = wholeNumber(given);
    const digits = `${flags.includes('#') ? prefix : ''}${(value < 0n ? -value : value).toString(base)}`;
    return value < 0n ? `-${digits}` : digits;
  };

const decimal = (given: Located) => String(wholeNumber(given));

/** By the letter that ends a place. */
const CONVERSIONS: Readonly<Record<string, (given: Located, format: Format) => string>> = {
  s: (given, { precision }) => textOf(given).slice(0, precision),
  r: (given) => (typeof given.value === 'string' ? quote(given.value) : textOf(given)),
  d: decimal,
  i: decimal,
  u: decimal,
  x: radix(16, '0x'),
  X: (given, format) => radix(16, '0x')(given, format).toUpperCase(),
  o: radix(8, '0'),
  f: (given, { precision = 6 }) => {
    const value = asNumber(given.value);
    if (value === undefined) throw notANumber(given);
    if (precision > 100) throw wrongValue('more than 100 digits', given.span);
    return Number(value).toFixed(precision);
  },
};

/**
 * `format % values` of Python, with the letters s r d i u x X o f and `%%`.
 *
 * @param values a tuple fills one place with each item; anything else fills the only place
 * @param span of the whole expression
 */
export function formatText(format: string, values: Located, span: Span, budget: Budget): string {
  const given = isSequence(values.value) && values.value.kind === 'tuple' ? values.value.items : [values];
  let next = 0;
  let made = '';
  let end = 0;
  for (const match of format.matchAll(PLACE)) {
    const [all, flags = '', width = '', precision, letter = ''] = match;
    made += format.slice(end, match.index);
    end = match.index + all.length;
    if (letter === '%') {
      made += '%';
      continue;
    }
    const convert = Object.hasOwn(CONVERSIONS, letter) ? CONVERSIONS[letter] : undefined;
    if (convert === undefined) {
      throw new Refused('python-not-supported', `not supported in a configuration: the format ${cite(all)}`, span);
    }
    const value = given[next++];
    if (value === undefined) throw wrongValue('there are fewer values than places in the format', span);
    budget.make(Number(width), span);
    made += padded(convert(value, { flags, precision: precision === undefined ? undefined : Number(precision) }), {
      width: Number(width),
      flags,
      numeric: letter !== 's' && letter !== 'r',
    });
    budget.make(made.length, span);
  }
  if (next < given.length) throw wrongValue('there are more values than places in the format', span);
  return made + format.slice(end);
}

function padded(text: string, { width, flags, numeric }: { width: number; flags: string; numeric: boolean }): string {
  const sign = numeric && /[+ ]/.test(flags) && !text.startsWith('-') ? (flags.includes('+') ? '+' : ' ') : '';
  const signed = sign + text;
  if (flags.includes('-')) return signed.padEnd(width);
  if (!numeric || !flags.includes('0')) return signed.padStart(width);
  const [, lead = '', digits = ''] = /^([-+ ]?(?:0[xX])?)(.*)$/.exec(signed) ?? [];
  return lead + digits.padStart(width - lead.length, '0');
}

const notANumber = ({ value, span }: Located) =>
  wrongValue(
    `the format needs a number, and this is ${typeof value === 'string' ? `the text ${cite(value)}` : kindOf(value)}`,
    span,
  );

function wholeNumber(given: Located): bigint {
  if (asNumber(given.value) === undefined) throw notANumber(given);
  return integerOf(given);
}
