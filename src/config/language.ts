// SPDX-License-Identifier: Apache-2.0
import type { Source } from '../sxp/contract.ts';

/** A comment, which looks the same in both languages, or the start of something else. */
const FIRST = /#[^\n]*|[^\s#]/g;

/**
 * Whether a configuration is Python-style and not SXP. SXP is what is in a file called `*.sxp` or begins with a parenthesis;
 * no Python-style configuration does.
 */
export function isPython({ name, text }: Source): boolean {
  if (name.endsWith('.sxp')) return false;
  for (const [found] of text.matchAll(FIRST)) {
    if (!found.startsWith('#')) return found !== '(' && found !== ')';
  }
  return true;
}
