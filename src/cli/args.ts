// SPDX-License-Identifier: Apache-2.0
import { custom, string } from '@oclif/core/args';
import { usageError } from './failure.ts';
import { absolutePath } from './path.ts';

/**
 * Positional arguments of the commands. All of them ignore stdin: oclif would else wait for it to fill in a missing
 * argument, and a script with an open pipe would hang.
 */

/** A required word. */
export const word = (description: string) => string({ description, required: true, ignoreStdin: true });

/** A required number, not negative. */
export const wholeWord = (description: string) =>
  custom<number>({
    description,
    ignoreStdin: true,
    async parse(text) {
      if (/^\d{1,9}$/.test(text)) return Number(text);
      throw usageError(`'${text}' is not a number.`);
    },
  })({ required: true });

/** A word that may be left out. */
export const optionalWord = (description: string) => string({ description, ignoreStdin: true });

/** Any number of words, none included. */
export const words = (description: string) => string({ description, multiple: true, ignoreStdin: true });

/** One word or more. */
export const someWords = (description: string) =>
  string({ description, multiple: true, required: true, ignoreStdin: true });

/** A domain as xend knows it. It is passed on as typed: xend alone decides what a name, a number and a uuid mean. */
export const domain = () => word('Domain: its name, id or uuid.');

/** Any number of domains; none means all. */
export const domains = () => words('Domains: names, ids or uuids. None means all.');

const anyRole = custom<'client' | 'server'>({
  description: "Which end: 'client' or 'server'.",
  ignoreStdin: true,
  async parse(text) {
    if (text === 'client' || text === 'server') return text;
    throw usageError(`'${text}' is neither 'client' nor 'server'.`);
  },
});

/** A required word out of a few. */
export const choiceWord = <T extends string>(description: string, options: readonly T[]) =>
  custom<T>({
    description,
    options: [...options],
    ignoreStdin: true,
    async parse(text) {
      const found = options.find((option) => option === text);
      if (found !== undefined) return found;
      throw usageError(`'${text}' is none of ${options.join(', ')}.`);
    },
  })({ required: true });

const UNITS: Readonly<Record<string, number>> = { k: 1 / 1024, m: 1, '': 1, g: 1024 };

/** What is wrong with a number of MB, the first that holds; how much a domain may have is known to xend. */
const MEMORY_FAULTS: readonly (readonly [(memory: number) => boolean, string])[] = [
  [Number.isNaN, 'not a number of MB, nor one with k, m or g'],
  [(memory) => memory < 1, 'less than 1 MB'],
  [(memory) => memory > Number.MAX_SAFE_INTEGER, 'more than can be counted'],
  [(memory) => !Number.isInteger(memory), 'not a whole number of MB'],
];

const anyMemory = custom<number>({
  ignoreStdin: true,
  async parse(text) {
    const [, digits, unit = ''] = /^(\d+)([kmg]?)$/i.exec(text) ?? [];
    const memory = Number(digits) * UNITS[unit.toLowerCase()]!;
    const fault = MEMORY_FAULTS.find(([holds]) => holds(memory));
    if (fault === undefined) return memory;
    throw usageError('Invalid argument.', `'${text}' is ${fault[1]}`);
  },
});

/** Memory in MB, as a number of whole MB or with a unit. */
export const memory = () => anyMemory({ description: 'MB, or a number with k, m or g.', required: true });

const anyFile = custom<string>({ ignoreStdin: true, parse: async (text) => absolutePath(text) });

/** A file for xend to read or write, which has another working directory. */
export const file = (description: string) => anyFile({ description, required: true });

/** The same, if it may be left out. */
export const optionalFile = (description: string) => anyFile({ description });

/** A required number, at least 1. */
export const countWord = (description: string) =>
  custom<number>({
    description,
    ignoreStdin: true,
    async parse(text) {
      const value = Number(text);
      if (/^\d+$/.test(text) && value >= 1 && Number.isSafeInteger(value)) return value;
      throw usageError(`'${text}' is not a positive whole number.`);
    },
  })({ required: true });

/** Which end of something. */
export const role = () => anyRole({ required: true });

/** Which of a class's two drivers: that for the devices that the domain has, or for those that it serves. */
export const driverEnd = () =>
  custom<'front' | 'back'>({
    description: 'front for the devices that the domain has (the default), back for those that it serves.',
    options: ['front', 'back'],
    ignoreStdin: true,
    parse: async (text) => (text === 'back' ? 'back' : 'front'),
  })();
