// SPDX-License-Identifier: Apache-2.0
import { EmbeddedActionsParser, type IToken, type ParserMethod, type TokenType } from 'chevrotain';
import type { Span } from '../../sxp/contract.ts';
import { cite } from '../../sxp/show.ts';
import type { Argument, Expression, Link, Suffix, Word } from './contract.ts';
import { spanOf } from './lines.ts';
import { decodeText, readInteger } from './literals.ts';
import * as T from './tokens.ts';

export type Rule<R> = ParserMethod<[], R>;

/** `a, b`: one value without any comma, else a tuple. */
interface Series {
  readonly items: readonly Expression[];
  readonly comma: boolean;
}

/** From the start of one to the end of the other. */
export const joined = (first: Span, last: Span): Span => ({ start: first.start, end: last.end });
export const wordOf = (token: IToken): Word => ({ name: token.image, span: spanOf(token) });

const found = ({ image }: IToken) => (image === '' ? 'end of line' : cite(image));
const unexpected = (token: IToken) => `unexpected ${found(token)}`;

const errorMessageProvider = {
  buildMismatchTokenMessage: ({ expected, actual }: { expected: TokenType; actual: IToken }) =>
    `expected ${expected.LABEL ?? expected.name}, found ${found(actual)}`,
  buildNotAllInputParsedMessage: ({ firstRedundant }: { firstRedundant: IToken }) => unexpected(firstRedundant),
  buildNoViableAltMessage: ({ actual }: { actual: IToken[] }) => unexpected(actual[0]!),
  buildEarlyExitMessage: ({ actual }: { actual: IToken[] }) => unexpected(actual[0]!),
};

/** The grammar of expressions. */
export class ExpressionParser extends EmbeddedActionsParser {
  /** One value: `a + b`. */
  readonly test: Rule<Expression>;
  /** The same, or a tuple without parentheses: `a, b`. */
  readonly tests: Rule<Expression>;
  readonly #series: Rule<Series>;

  constructor() {
    super(T.vocabulary, { maxLookahead: 2, errorMessageProvider });
    const suffixed = this.#suffixed(this.#atom(), this.#arguments());
    const product = this.#chain('product', T.TimesOperator, this.#prefixed('sign', T.AddOperator, suffixed));
    const comparison = this.#comparison(this.#chain('sum', T.AddOperator, product));
    const conjunction = this.#chain('conjunction', T.And, this.#prefixed('negation', T.Not, comparison));
    this.test = this.#chain('test', T.Or, conjunction);
    this.#series = this.RULE('series', () => {
      const items = [this.SUBRULE(this.test)];
      this.MANY(() => {
        this.CONSUME(T.Comma);
        items.push(this.SUBRULE2(this.test));
      });
      const trailing = this.OPTION(() => this.CONSUME2(T.Comma));
      return { items, comma: items.length > 1 || trailing !== undefined };
    });
    this.tests = this.RULE('tests', () => {
      const { items, comma } = this.SUBRULE(this.#series);
      return this.ACTION((): Expression => {
        const [first] = items;
        return comma ? { kind: 'tuple', items, span: joined(first!.span, items.at(-1)!.span) } : first!;
      });
    });
  }

  /** `a OP b OP c` */
  #chain(name: string, operators: TokenType, operand: Rule<Expression>): Rule<Expression> {
    return this.RULE(name, () => {
      const first = this.SUBRULE(operand);
      const rest: Link[] = [];
      this.MANY(() => {
        const operator = this.CONSUME(operators).image;
        rest.push({ operator, operand: this.SUBRULE2(operand) });
      });
      return this.ACTION(() => chainOf(first, rest));
    });
  }

  #prefixed(name: string, operators: TokenType, operand: Rule<Expression>): Rule<Expression> {
    return this.RULE(name, () => {
      const tokens: IToken[] = [];
      this.MANY(() => {
        tokens.push(this.CONSUME(operators));
      });
      const base = this.SUBRULE(operand);
      return this.ACTION((): Expression => {
        const [first] = tokens;
        if (first === undefined) return base;
        const images = tokens.map(({ image }) => image);
        return { kind: 'prefix', operators: images, operand: base, span: joined(spanOf(first), base.span) };
      });
    });
  }

  /** At most one: `a < b < c` has a meaning of its own in Python, which no configuration needs. */
  #comparison(operand: Rule<Expression>): Rule<Expression> {
    return this.RULE('comparison', () => {
      const first = this.SUBRULE(operand);
      const rest: Link[] = [];
      this.OPTION(() => {
        const operator = this.OR([
          { ALT: () => this.CONSUME(T.CompareOperator).image },
          { ALT: () => `${this.CONSUME(T.Not).image} ${this.CONSUME(T.In).image}` },
        ]);
        rest.push({ operator, operand: this.SUBRULE2(operand) });
      });
      return this.ACTION(() => chainOf(first, rest));
    });
  }

  #suffixed(atom: Rule<Expression>, args: Rule<readonly Argument[]>): Rule<Expression> {
    return this.RULE('suffixed', () => {
      const base = this.SUBRULE(atom);
      const suffixes: Suffix[] = [];
      const member = () => {
        this.CONSUME(T.Dot);
        const word = wordOf(this.CONSUME(T.Name));
        suffixes.push({ kind: 'member', word, span: word.span });
      };
      const call = () => {
        const open = this.CONSUME(T.LeftParen);
        const given = this.SUBRULE(args);
        suffixes.push({ kind: 'call', args: given, span: joined(spanOf(open), spanOf(this.CONSUME(T.RightParen))) });
      };
      const index = () => {
        const open = this.CONSUME(T.LeftBracket);
        const value = this.SUBRULE(this.test);
        suffixes.push({
          kind: 'index',
          index: value,
          span: joined(spanOf(open), spanOf(this.CONSUME(T.RightBracket))),
        });
      };
      this.MANY(() => this.OR([{ ALT: member }, { ALT: call }, { ALT: index }]));
      return this.ACTION((): Expression => {
        const last = suffixes.at(-1);
        return last === undefined ? base : { kind: 'suffixed', base, suffixes, span: joined(base.span, last.span) };
      });
    });
  }

  #arguments(): Rule<readonly Argument[]> {
    const argument = this.RULE('argument', (): Argument => {
      const word = this.OPTION({
        GATE: () => this.LA(2).tokenType === T.Assign,
        DEF: () => {
          const token = this.CONSUME(T.Name);
          this.CONSUME(T.Assign);
          return wordOf(token);
        },
      });
      const value = this.SUBRULE(this.test);
      return word === undefined ? { value } : { name: word, value };
    });
    return this.RULE('arguments', () => {
      const given: Argument[] = [];
      this.MANY_SEP({
        SEP: T.Comma,
        DEF: () => {
          given.push(this.SUBRULE(argument));
        },
      });
      return given;
    });
  }

  #atom(): Rule<Expression> {
    /** Neighbours are one text. */
    const texts = this.RULE('texts', () => {
      const tokens: IToken[] = [];
      this.AT_LEAST_ONE(() => {
        tokens.push(this.CONSUME(T.Text));
      });
      return this.ACTION((): Expression => {
        const value = tokens.map(({ image }) => decodeText(image)).join('');
        return { kind: 'literal', value, span: joined(spanOf(tokens[0]!), spanOf(tokens.at(-1)!)) };
      });
    });
    const literal = (type: TokenType, read: (image: string) => bigint | number | boolean | null) => ({
      ALT: (): Expression => {
        const token = this.CONSUME(type);
        return this.ACTION(() => ({ kind: 'literal', value: read(token.image), span: spanOf(token) }));
      },
    });
    const name = (): Expression => {
      const token = this.CONSUME(T.Name);
      return { kind: 'name', name: token.image, span: spanOf(token) };
    };
    const list = (): Expression => {
      const open = this.CONSUME(T.LeftBracket);
      const inner = this.OPTION(() => this.SUBRULE(this.#series));
      const span = joined(spanOf(open), spanOf(this.CONSUME(T.RightBracket)));
      return { kind: 'list', items: inner?.items ?? [], span };
    };
    const parenthesized = (): Expression => {
      const open = this.CONSUME(T.LeftParen);
      const inner = this.OPTION1(() => this.SUBRULE1(this.tests));
      const close = this.CONSUME(T.RightParen);
      const span = joined(spanOf(open), spanOf(close));
      return inner === undefined ? { kind: 'tuple', items: [], span } : { ...inner, span };
    };
    return this.RULE('atom', () =>
      this.OR([
        { ALT: () => this.SUBRULE2(texts) },
        literal(T.Integer, readInteger),
        literal(T.Float, Number),
        literal(T.True, () => true),
        literal(T.False, () => false),
        literal(T.None, () => null),
        { ALT: name },
        { ALT: list },
        { ALT: parenthesized },
      ]),
    );
  }
}

function chainOf(first: Expression, rest: readonly Link[]): Expression {
  const last = rest.at(-1);
  return last === undefined ? first : { kind: 'chain', first, rest, span: joined(first.span, last.operand.span) };
}
