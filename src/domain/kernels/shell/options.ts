// SPDX-License-Identifier: Apache-2.0
import { usageError } from './command.ts';

export interface Options {
  /** By letter; the empty text for one that takes no value. */
  readonly given: ReadonlyMap<string, string>;
  /** What is no option. */
  readonly rest: readonly string[];
}

/**
 * Takes the options out of a command's arguments, wherever they stand; `--` ends them.
 *
 * @param spec a letter for each option, with `:` behind it if a value follows, e.g. `a:x`
 * @throws XmError for an unknown option and a missing value
 */
export function takeOptions(args: readonly string[], spec: string): Options {
  const given = new Map<string, string>();
  const rest: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const word = args[i]!;
    if (word === '--') {
      rest.push(...args.slice(i + 1));
      break;
    }
    if (word.length < 2 || !word.startsWith('-')) {
      rest.push(word);
      continue;
    }
    const letter = word.slice(1);
    const at = /^[a-z]$/.test(letter) ? spec.indexOf(letter) : -1;
    if (at < 0) throw usageError(`Unknown option '${word}'; '--' goes before words that begin with '-'.`);
    if (spec[at + 1] !== ':') given.set(letter, '');
    else if (++i < args.length) given.set(letter, args[i]!);
    else throw usageError(`Option '${word}' needs a value.`);
  }
  return { given, rest };
}
