// SPDX-License-Identifier: Apache-2.0
import { type IToken, Lexer, tokenMatcher } from 'chevrotain';
import type { Source, Span } from '../../sxp/contract.ts';
import type { Report } from '../../sxp/report.ts';
import { cite } from '../../sxp/show.ts';
import { MAX_DEPTH, MAX_DIGITS } from './limits.ts';
import {
  Closing,
  FormattedString,
  Integer,
  Invalid,
  Newline,
  Opening,
  UnclosedText,
  Unsupported,
  vocabulary,
} from './tokens.ts';

/** The tokens of one logical line, which brackets and backslashes may spread over several. */
export interface TokenLine {
  readonly tokens: readonly IToken[];
  /** Column of the first one, from 0; a tab goes on to the next multiple of eight. */
  readonly indent: number;
  /** Something in it was reported. */
  readonly bad: boolean;
}

const TAB = 8;
const CLOSES: Readonly<Record<string, string>> = { '(': ')', '[': ']' };

let lexer: Lexer | undefined;

/** Where a token is. */
export function spanOf(token: IToken): Span {
  return { start: token.startOffset, end: token.startOffset + token.image.length };
}

/** The logical lines of a text. Each is judged by itself: what is wrong with one hides nothing that is wrong with others. */
export function splitLines(source: Source, report: Report): readonly TokenLine[] {
  lexer ??= new Lexer(vocabulary, { positionTracking: 'onlyOffset' });
  const lines: TokenLine[] = [];
  let tokens: IToken[] = [];
  let open: IToken[] = [];
  const finish = () => {
    if (tokens.length > 0) {
      const bad = !(isSupported(tokens, report) && isClosed(open, report));
      lines.push({ tokens, indent: indentOf(source.text, tokens[0]!.startOffset), bad });
    }
    tokens = [];
    open = [];
  };
  for (const token of lexer.tokenize(source.text).tokens) {
    if (token.tokenType === Newline) {
      if (open.length === 0) finish();
      continue;
    }
    tokens.push(token);
    if (tokenMatcher(token, Opening)) open.push(token);
    else if (tokenMatcher(token, Closing) && CLOSES[open.at(-1)?.image ?? ''] === token.image) open.pop();
    if (open.length > MAX_DEPTH) {
      report('python-limit', `brackets are nested deeper than ${MAX_DEPTH}`, spanOf(token));
      return lines;
    }
  }
  finish();
  return lines;
}

function indentOf(text: string, offset: number): number {
  const start = text.lastIndexOf('\n', offset - 1) + 1;
  let column = 0;
  for (const character of text.slice(start, offset)) column += character === '\t' ? TAB - (column % TAB) : 1;
  return column;
}

function isClosed([outer]: readonly IToken[], report: Report): boolean {
  if (outer === undefined) return true;
  report('python-syntax', `syntax error: this ${cite(outer.image)} is not closed`, spanOf(outer));
  return false;
}

/** Reports the first token of a line that cannot be in a configuration. */
function isSupported(tokens: readonly IToken[], report: Report): boolean {
  for (const token of tokens) {
    if (tokenMatcher(token, Unsupported)) {
      const word = token.tokenType === FormattedString ? "f'...'" : token.image;
      report('python-not-supported', `not supported in a configuration: ${word}`, spanOf(token));
    } else if (token.tokenType === UnclosedText) {
      const span = { start: token.startOffset, end: token.startOffset + 1 };
      report('python-syntax', 'syntax error: this text is not closed', span);
    } else if (token.tokenType === Invalid) {
      report('python-syntax', `syntax error: unexpected ${cite(token.image)}`, spanOf(token));
    } else if (token.tokenType === Integer && token.image.length > MAX_DIGITS) {
      report('python-limit', 'this number is too large', spanOf(token));
    } else continue;
    return false;
  }
  return true;
}
