// SPDX-License-Identifier: Apache-2.0
import { noSuchDomain } from '../errors.ts';
import type { DomainInfo } from '../xend/contract.ts';

/**
 * Domains as they were typed, each once, with those that patterns mean.
 *
 * @param words names, ids and uuids, which are passed on as they are, or patterns with `*` and `?`
 * @param list all domains; asked for only if there is a pattern
 * @throws XmError `ENODOMAIN` for a pattern that means none
 */
export async function matchingDomains(
  words: readonly string[],
  list: () => Promise<readonly DomainInfo[]>,
): Promise<readonly string[]> {
  const isPattern = (word: string): boolean => /[*?]/.test(word);
  const guests = words.some(isPattern) ? (await list()).filter(({ domid }) => domid !== 0) : [];
  const found = words.flatMap((word) => {
    if (!isPattern(word)) return [word];
    const pattern = new RegExp(`^${word.replace(/[.+/]/g, '\\$&').replaceAll('*', '.*').replaceAll('?', '.')}$`);
    const names = guests.filter(({ name }) => pattern.test(name)).map(({ name }) => name);
    if (names.length === 0) throw noSuchDomain(word);
    return names;
  });
  return [...new Set(found)];
}
