// SPDX-License-Identifier: Apache-2.0
import { EmbeddedActionsParser, type IToken, type TokenType } from 'chevrotain';
import type { Builder } from './build.ts';
import type { Span } from './contract.ts';
import { decodeEscapes } from './escapes.ts';
import type { Report } from './report.ts';
import { cite } from './show.ts';
import { Atom, Close, Counted, Delimited, Invalid, Item, Open, Quoted, vocabulary } from './tokens.ts';

/** Gives the text a token stands for, or undefined if it stands for none; reports what is wrong with it. */
type Reader = (token: IToken, report: Report) => string | undefined;

const readers = new Map<TokenType, Reader>([
  [Atom, (token) => token.image],
  [Quoted, readQuoted],
  [Delimited, readDelimited],
  [Counted, readCounted],
  [Invalid, readInvalid],
]);

/**
 * The grammar: `document: ( "(" | ")" | item )*`.
 *
 * It is flat on purpose. A rule per list would need about ten stack frames for each level, which overflows before 1000
 * levels; and since every order of tokens is a sentence, no recovery ever skips input: the builder pairs parentheses with
 * a stack of its own and reports each one without partner, at its own place.
 */
class DocumentParser extends EmbeddedActionsParser {
  /** Set before each run. */
  builder!: Builder;
  report!: Report;
  readonly document: () => void;

  constructor() {
    super(vocabulary, { maxLookahead: 1 });
    const alternatives = [
      {
        ALT: () => {
          const token = this.CONSUME(Open);
          this.ACTION(() => this.builder.open(spanOf(token)));
        },
      },
      {
        ALT: () => {
          const token = this.CONSUME(Close);
          this.ACTION(() => this.builder.close(spanOf(token)));
        },
      },
      {
        ALT: () => {
          const token = this.CONSUME(Item);
          this.ACTION(() => {
            const text = readers.get(token.tokenType)?.(token, this.report);
            if (text !== undefined) this.builder.atom(text, spanOf(token));
          });
        },
      },
    ];
    this.document = this.RULE('document', () => {
      this.MANY(() => this.OR(alternatives));
    });
    this.performSelfAnalysis();
  }
}

const parser = new DocumentParser();

/** Feeds `tokens` to `builder`, decoding strings and data on the way. */
export function readTokens(tokens: IToken[], builder: Builder, report: Report): void {
  parser.builder = builder;
  parser.report = report;
  parser.input = tokens;
  parser.document();
  parser.input = [];
}

function spanOf(token: IToken): Span {
  return { start: token.startOffset, end: token.startOffset + token.image.length };
}

function readQuoted(token: IToken, report: Report): string {
  const { startOffset: start } = token;
  if (token.payload !== undefined) return decodeEscapes(token.payload, start + 1, report);
  report('sxp-unclosed-string', 'unexpected end of input: this string is not closed', { start, end: start + 1 });
  return token.image.slice(1);
}

function readDelimited(token: IToken, report: Report): string | undefined {
  if (token.payload !== undefined) return token.payload;
  const { startOffset: start, image } = token;
  const opening = image.slice(0, image.indexOf('<', 2) + 1);
  const message = `unexpected end of input: this data has no closing ${cite(opening.slice(1))}`;
  report('sxp-unclosed-data', message, { start, end: start + opening.length });
  return undefined;
}

function readCounted(token: IToken, report: Report): string | undefined {
  if (token.payload === undefined) {
    report('sxp-unclosed-data', `fewer bytes of data than ${token.image} announces`, spanOf(token));
  }
  return token.payload;
}

function readInvalid(token: IToken, report: Report): undefined {
  const code = token.image.codePointAt(0)!;
  const hint = code > 0x9f ? 'write it in quotes' : undefined;
  report('sxp-bad-character', `invalid character: code ${code}`, spanOf(token), hint);
}
