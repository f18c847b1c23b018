// SPDX-License-Identifier: Apache-2.0

import { toSxp } from '../../sxp/access.ts';
import type { Sxp } from '../../sxp/contract.ts';
import { parse } from '../../sxp/parse.ts';
import { show } from '../../sxp/show.ts';
import type { XmlRpcValue } from '../xmlrpc/contract.ts';

/** What an argument of the old protocols may be: with a type of XML-RPC, or as the text of an HTTP form. */
export interface Kind<T> {
  /** Ends `PARAMETER must be ...`. */
  readonly what: string;
  /** The value, or undefined if it is not of the kind. */
  read(value: XmlRpcValue): T | undefined;
}

const FLAGS: ReadonlyMap<XmlRpcValue, boolean> = new Map<XmlRpcValue, boolean>([
  [true, true],
  [1, true],
  ['1', true],
  ['yes', true],
  ['true', true],
  [false, false],
  [0, false],
  ['0', false],
  ['no', false],
  ['false', false],
]);

/** Clients send numbers for domids and devices. */
export const TEXT: Kind<string> = {
  what: 'a text or a number',
  read: (value) => (typeof value === 'string' || typeof value === 'number' ? String(value) : undefined),
};

export const FLAG: Kind<boolean> = { what: 'true or false', read: (value) => FLAGS.get(value) };

/** A number from 0. */
export const NUMBER: Kind<number> = {
  what: 'a number',
  read: (value) => (/^\d{1,9}$/.test(String(value)) ? Number(value) : undefined),
};

/** Numbers from 0, with commas between them. */
export const NUMBERS: Kind<readonly number[]> = {
  what: 'numbers with commas between them',
  read: (value) => (/^\d{1,4}(?:,\d{1,4})*$/.test(String(value)) ? String(value).split(',').map(Number) : undefined),
};

/** A list of names. */
export const NAMES: Kind<readonly string[]> = {
  what: 'a list of names',
  read: (value) => {
    const names = Array.isArray(value) ? value.map(TEXT.read) : undefined;
    return names?.every((name) => name !== undefined) ? names : undefined;
  },
};

/** One of some words, in any case. */
export function oneOf<W extends string>(words: readonly W[]): Kind<W> {
  return {
    what: words.join(', '),
    read: (value) => words.find((word) => typeof value === 'string' && word === value.toLowerCase()),
  };
}

/** A configuration: SXP as text, which stays as it is so that findings have their places, or as nested arrays. */
export const CONFIG: Kind<string> = {
  what: 'a form: SXP, or nested arrays',
  read: (value) => {
    if (typeof value === 'string') return value;
    const form = formOf(value);
    return form === undefined ? undefined : show(form);
  },
};

/** A form: SXP as text, or as nested arrays. */
export const FORM: Kind<Sxp> = {
  what: CONFIG.what,
  read: (value) => {
    if (typeof value !== 'string') return formOf(value);
    const { forms, diagnostics } = parse({ name: 'form', text: value });
    return forms.length === 1 && diagnostics.length === 0 ? toSxp(forms[0]!) : undefined;
  },
};

/** Nested arrays as a form; undefined if something in them is neither text, number nor flag. */
function formOf(value: XmlRpcValue): Sxp | undefined {
  if (typeof value === 'string' || typeof value === 'number') return value;
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (!Array.isArray(value)) return undefined;
  const items = value.map(formOf);
  return items.every((item) => item !== undefined) ? items : undefined;
}
