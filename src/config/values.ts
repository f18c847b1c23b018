// SPDX-License-Identifier: Apache-2.0
import { resolve } from 'node:path';
import { parseCpus } from '../cpus.ts';
import { cite } from '../sxp/show.ts';
import { didYouMean, isAddress, isDomainWord, isMac } from '../words.ts';

/** What is wrong with a text, as the end of a sentence that starts with the field's name. */
export interface Problem {
  readonly problem: string;
  readonly hint?: string | undefined;
}

/** Turns the text of a field into its value, or says why it cannot. */
export type Check<T> = (text: string) => { readonly value: T } | Problem;

const INTEGER = /^-?(?:[0-9]+|0x[0-9a-f]+)$/i;
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const BOOLEANS: Readonly<Record<string, boolean>> = {
  0: false,
  1: true,
  no: false,
  yes: true,
  n: false,
  y: true,
  false: false,
  true: true,
  f: false,
  t: true,
  off: false,
  on: true,
};

/** Any text, the empty one too. */
export const anyText: Check<string> = (text) => ({ value: text });

/** The path of a file; the value is absolute. @param directory where relative ones start */
export function filePath(directory: string): Check<string> {
  return (text) => (text === '' ? { problem: 'must not be empty' } : { value: resolve(directory, text) });
}

/** A whole number, decimal or with `0x`, within limits. */
export function integer(min = Number.MIN_SAFE_INTEGER, max = Number.MAX_SAFE_INTEGER): Check<number> {
  const range = min === Number.MIN_SAFE_INTEGER ? '' : ` from ${min} to ${max}`;
  return (text) => {
    const digits = text.replace('-', '');
    const value = text.startsWith('-') ? 0 - Number(digits) : Number(digits);
    if (INTEGER.test(text) && value >= min && value <= max) return { value };
    return { problem: `must be a whole number${range}, not ${cite(text)}` };
  };
}

/** The uuid of a domain, in lower case; or nothing. */
export const uuid: Check<string> = (text) =>
  text === '' || UUID.test(text)
    ? { value: text.toLowerCase() }
    : { problem: `must be a uuid like 4a1d6e34-1df2-4f0c-8f3e-000000000002, not ${cite(text)}` };

/** Processors of the machine; the value is the text. Which of them are there turns out when a domain is to run on them. */
export const cpuList: Check<string> = (text) =>
  parseCpus(text) === undefined
    ? { problem: `must be a list of processors, such as 0,2-3 or 0-3,^1, not ${cite(text)}` }
    : { value: text };

/** A bit mask of virtual processors, decimal or with `0x`, in which the first is set; or nothing. The value is the text. */
export const vcpuMask: Check<string> = (text) =>
  text === '' || (/^(?:\d{1,39}|0x[0-9a-f]{1,32})$/i.test(text) && BigInt(text) % 2n === 1n)
    ? { value: text }
    : { problem: `must be a bit mask with the first virtual processor in it, such as 1 or 0x3, not ${cite(text)}` };

/** A word for yes or no (spec/xend.md 5.6). */
export const boolean: Check<boolean> = (text) => {
  const value = Object.hasOwn(BOOLEANS, text) ? BOOLEANS[text] : undefined;
  return value === undefined ? { problem: `must be yes or no, not ${cite(text)}` } : { value };
};

/** One of some words. */
export function choice<T extends string>(words: readonly T[]): Check<T> {
  return (text) => {
    const value = words.find((word) => word === text);
    if (value !== undefined) return { value };
    return { problem: `must be one of ${words.join(', ')}, not ${cite(text)}`, hint: didYouMean(text, words) };
  };
}

/** A hardware address; the value is in lower case, so that equal ones compare equal. */
export const mac: Check<string> = (text) =>
  isMac(text)
    ? { value: text.toLowerCase() }
    : { problem: `must be an address like 00:16:3e:00:00:01, not ${cite(text)}` };

/** How an existing domain is called: by its name or its id. */
export const domainWord: Check<string> = (text) =>
  isDomainWord(text)
    ? { value: text }
    : { problem: `may hold only letters, digits and _ - . : / +, not ${cite(text)}` };

/** Characters of a domain's name, as of a host's: lists have a column for it. */
export const MAX_NAME = 64;

/** The name of a new domain (spec/xend.md 2.1). It is no number, since a number is the domain with that id. */
export const domainName: Check<string> = (text) => {
  if (/^[0-9]+$/.test(text)) return { problem: `must not be a number, which would be an id: ${cite(text)}` };
  if (text.length > MAX_NAME) return { problem: `may have at most ${MAX_NAME} characters, not ${text.length}` };
  return domainWord(text);
};

/** An address of the IDC API. */
export const address: Check<string> = (text) =>
  isAddress(text) ? { value: text } : { problem: `may hold at most 64 letters, digits, _ and -, not ${cite(text)}` };
