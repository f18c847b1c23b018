// SPDX-License-Identifier: Apache-2.0
import { builder } from './build.ts';
import type { ParseResult, Source } from './contract.ts';
import { readTokens } from './grammar.ts';
import { MAX_LENGTH } from './limits.ts';
import { collector } from './report.ts';
import { lexer } from './tokens.ts';

/**
 * Reads all forms of a text (spec/xend.md 1.2 to 1.4 and 1.9).
 *
 * Values are texts and lists only; nothing is converted. Reading goes on after an error, so `diagnostics` holds all errors
 * of the text in its order and `forms` is what could be made of it. Never throws, however the text looks.
 */
export function parse(source: Source): ParseResult {
  const { report, done } = collector();
  if (source.text.length > MAX_LENGTH) {
    const message = `too large: ${source.text.length} characters, the limit is ${MAX_LENGTH}`;
    report('sxp-too-large', message, { start: 0, end: 0 });
    return { forms: [], diagnostics: done() };
  }
  const tree = builder(source, report);
  readTokens(lexer.tokenize(source.text).tokens, tree, report);
  return { forms: tree.end(), diagnostics: done() };
}
