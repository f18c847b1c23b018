// SPDX-License-Identifier: Apache-2.0
import { custom } from '@oclif/core/flags';
import { usageError } from './failure.ts';
import { absolutePath } from './path.ts';

/** An option that is a span of time in seconds; fractions are fine, negative or no numbers are not. */
export const seconds = custom<number>({
  helpValue: '<seconds>',
  async parse(text) {
    const value = Number(text);
    if (text.trim() !== '' && value >= 0 && value <= 1e6) return value;
    throw usageError(`'${text}' is not a number of seconds.`);
  },
});

/** The least time between two rounds of looking, seconds: what is shown takes some. */
const QUICKEST = 0.1;

/** An option that is the time between two rounds, in seconds. */
export const pace = custom<number>({
  helpValue: '<seconds>',
  async parse(text) {
    const value = Number(text);
    if (text.trim() !== '' && value >= QUICKEST && value <= 1e6) return value;
    throw usageError(`'${text}' is not a time between two rounds: at least ${QUICKEST} seconds.`);
  },
});

/** An option that is a number of bytes. */
export const bytes = custom<number>({
  helpValue: '<bytes>',
  async parse(text) {
    const value = Number(text);
    if (/^\d+$/.test(text) && Number.isSafeInteger(value)) return value;
    throw usageError(`'${text}' is not a number of bytes.`);
  },
});

/** An option that is a count, at least 1. */
export const count = custom<number>({
  helpValue: '<n>',
  async parse(text) {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= 1 && Number.isSafeInteger(value)) return value;
    throw usageError(`'${text}' is not a positive whole number.`);
  },
});

/** An option that is a number of lines, none included, or `all`: infinitely many. */
export const lineCount = custom<number>({
  helpValue: '<n>|all',
  async parse(text) {
    if (text === 'all') return Number.POSITIVE_INFINITY;
    if (/^\d+$/.test(text) && Number.isSafeInteger(Number(text))) return Number(text);
    throw usageError(`'${text}' is neither a number of lines nor 'all'.`);
  },
});

/** An option that is one of a few words, in upper or lower case. @param about `short`: a word may be cut where it stays the only one */
export const choice = (
  words: readonly string[],
  {
    short = false,
    ...about
  }: { readonly description: string; readonly helpValue: string; readonly char?: 'w'; readonly short?: boolean },
) =>
  custom<string>({
    ...about,
    async parse(text) {
      const word = text.toLowerCase();
      const [meant, ...others] = short && word !== '' ? words.filter((one) => one.startsWith(word)) : [];
      if (words.includes(word)) return word;
      if (meant !== undefined && others.length === 0) return meant;
      throw usageError(`'${text}' is none of ${words.join(', ')}.`);
    },
  })();

/** An option that is a file to write. */
export const output = custom<string>({ helpValue: '<file>' });

/**
 * Gives an option whose value may be left out the value that it then has; oclif knows no such options.
 *
 * @param argv what was typed after the command
 * @param option as it is typed, e.g. `['--wait', '-w']`
 */
export function withDefault(argv: readonly string[], option: readonly string[], value: string): string[] {
  const end = argv.includes('--') ? argv.indexOf('--') : argv.length;
  return argv.map((word, at) => (at < end && option.includes(word) ? `${option[0]}=${value}` : word));
}

/** An option that is a file for xend to read, which has another working directory. */
export const file = custom<string>({
  helpValue: '<file>',
  parse: async (text) => absolutePath(text),
});
