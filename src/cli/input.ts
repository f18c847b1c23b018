// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { messageOf, XmError } from '../errors.ts';
import type { ConfigText } from '../xend/contract.ts';

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'permission denied',
  EISDIR: 'it is a directory',
};

/**
 * Reads a domain configuration where the user is, so that xend needs no access to it.
 *
 * @param file a path, or `-` for stdin, whose relative paths then start in the current directory.
 * @throws XmError `ENOCONFIG` when it cannot be read.
 */
export function readConfig(file: string): ConfigText {
  try {
    return {
      text: readFileSync(file === '-' ? 0 : file, 'utf8'),
      file: file === '-' ? '<stdin>' : file,
      directory: file === '-' ? process.cwd() : dirname(resolve(file)),
    };
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? '';
    throw new XmError('ENOCONFIG', `Unable to open config file: ${file}`, {
      hint: REASONS[code] ?? messageOf(cause),
      cause,
    });
  }
}

/**
 * `KEY=VALUE` words as one object. Values may hold further equals signs.
 *
 * @throws XmError `EPAIR` for a word that is no pair, or a key given twice.
 */
export function readPairs(words: readonly string[]): Record<string, string> {
  const pairs = new Map<string, string>();
  for (const word of words) {
    const cut = word.indexOf('=');
    if (cut <= 0) throw new XmError('EPAIR', `${word} should be a pair, separated by an equals sign.`);
    const key = word.slice(0, cut);
    if (pairs.has(key)) throw new XmError('EPAIR', `${key} is given twice.`);
    pairs.set(key, word.slice(cut + 1));
  }
  return Object.fromEntries(pairs);
}
