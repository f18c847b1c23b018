// SPDX-License-Identifier: Apache-2.0
import type { LiveNames, Proposals, Setting } from './contract.ts';

/**
 * What may stand where a `KEY=VALUE` is expected: keys that are not given yet, or values of the key that is.
 *
 * @param given words of the command line before it
 * @param last the beginning of it
 */
export async function proposeSettings(
  settings: readonly Setting[],
  given: readonly string[],
  last: string,
  live: LiveNames,
): Promise<Proposals> {
  const [key, value] = cut(last);
  if (value === undefined) {
    const used = new Set(given.filter(isPair).map((word) => cut(word)[0]));
    const free = settings.filter(({ name, repeated }) => repeated || !used.has(name));
    return { words: free.map(({ name, doc }) => ({ word: `${name}=`, help: doc })) };
  }
  const { values = [], paths = [] } = settings.find(({ name }) => name === key) ?? {};
  const known = typeof values === 'string' ? await live[values]() : values;
  const { words, filesAfter } = proposePath(paths, value);
  return {
    words: [...wordsOf(known), ...words].map(({ word, help }) => ({ word: `${key}=${word}`, help })),
    ...(filesAfter === undefined ? {} : { filesAfter: `${key}=${filesAfter}` }),
  };
}

/** Names of files behind one of the words; while none of them is there, the words. */
export function proposePath(words: readonly string[], last: string): Proposals {
  const begun = words.find((word) => last.startsWith(word));
  return begun === undefined ? { words: wordsOf(words) } : { words: [], filesAfter: begun };
}

/** Words that need no explanation. */
export const wordsOf = (found: readonly string[]): Proposals['words'] => found.map((word) => ({ word, help: '' }));

/** Whether a word sets something. */
export const isPair = (word: string): boolean => word.includes('=');

/** A key, and its value if there is an equals sign. */
function cut(word: string): readonly [string, string?] {
  const at = word.indexOf('=');
  return at < 0 ? [word] : [word.slice(0, at), word.slice(at + 1)];
}
