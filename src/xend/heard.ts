// SPDX-License-Identifier: Apache-2.0
import { noSuchDomain } from '../errors.ts';
import type { XendContext } from './context.ts';
import { lookUp } from './lookup.ts';

/**
 * Refuses a word for a domain that there neither is nor was: who looks for what happened to it would else find nothing, and believe it.
 *
 * @param was whether something is told of a domain of that name, or number
 * @throws XmError `ENODOMAIN`
 */
export function requireHeard(
  context: Pick<XendContext, 'domains' | 'managed'>,
  words: Iterable<string>,
  was: (word: string) => boolean,
): void {
  for (const word of words) if (lookUp(context, word) === undefined && !was(word)) throw noSuchDomain(word);
}
