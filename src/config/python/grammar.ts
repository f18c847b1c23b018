// SPDX-License-Identifier: Apache-2.0
import { EOF, type IToken } from 'chevrotain';
import type { Header, Line, Parameter, Simple, Word } from './contract.ts';
import { ExpressionParser, joined, type Rule, wordOf } from './expression-grammar.ts';
import { spanOf } from './lines.ts';
import * as T from './tokens.ts';

/** What was wrong with a line, and at which of its tokens; none means its end. */
export interface SyntaxFault {
  readonly message: string;
  readonly token?: IToken;
}

/**
 * The grammar of one logical line. Blocks are made of lines elsewhere (`blocks.ts`), so that a wrong line hides no other
 * one, and deep blocks need no stack here.
 */
class LineParser extends ExpressionParser {
  readonly line: Rule<Line>;

  constructor() {
    super();
    const simple = this.#simple();
    const header = this.#header();
    this.line = this.RULE('line', (): Line => {
      const head = this.OPTION(() => this.SUBRULE(header));
      const statements: Simple[] = [];
      this.OPTION2(() => {
        statements.push(this.SUBRULE(simple));
        this.MANY(() => {
          this.CONSUME(T.Semicolon);
          statements.push(this.SUBRULE2(simple));
        });
        this.OPTION3(() => this.CONSUME2(T.Semicolon));
      });
      return head === undefined ? { statements } : { header: head, statements };
    });
    this.performSelfAnalysis();
  }

  #header(): Rule<Header> {
    const parameter = this.RULE('parameter', (): Parameter => {
      const word = wordOf(this.CONSUME(T.Name));
      const value = this.OPTION(() => {
        this.CONSUME(T.Assign);
        return this.SUBRULE(this.test);
      });
      return value === undefined ? { word } : { word, value };
    });
    const conditional = (kind: 'if' | 'elif') => (): Header => {
      const span = spanOf(kind === 'if' ? this.CONSUME(T.If) : this.CONSUME(T.Elif));
      return { kind, condition: kind === 'if' ? this.SUBRULE1(this.test) : this.SUBRULE2(this.test), span };
    };
    const otherwise = (): Header => ({ kind: 'else', span: spanOf(this.CONSUME(T.Else)) });
    const definition = (): Header => {
      const span = spanOf(this.CONSUME(T.Def));
      const word = wordOf(this.CONSUME(T.Name));
      const parameters: Parameter[] = [];
      this.CONSUME(T.LeftParen);
      this.MANY_SEP({
        SEP: T.Comma,
        DEF: () => {
          parameters.push(this.SUBRULE(parameter));
        },
      });
      this.CONSUME(T.RightParen);
      return { kind: 'def', word, parameters, span };
    };
    return this.RULE('header', () => {
      const header = this.OR([
        { ALT: conditional('if') },
        { ALT: conditional('elif') },
        { ALT: otherwise },
        { ALT: definition },
      ]);
      this.CONSUME(T.Colon);
      return header;
    });
  }

  #simple(): Rule<Simple> {
    const module = this.RULE('module', (): Word => {
      const names = [wordOf(this.CONSUME1(T.Name))];
      this.MANY(() => {
        this.CONSUME(T.Dot);
        names.push(wordOf(this.CONSUME2(T.Name)));
      });
      const span = joined(names[0]!.span, names.at(-1)!.span);
      return { name: names.map(({ name }) => name).join('.'), span };
    });
    const importing = (): Simple => {
      const span = spanOf(this.CONSUME(T.Import));
      const modules: Word[] = [];
      this.AT_LEAST_ONE_SEP({
        SEP: T.Comma,
        DEF: () => {
          modules.push(this.SUBRULE(module));
        },
      });
      return { kind: 'import', modules, span };
    };
    const returning = (): Simple => {
      const span = spanOf(this.CONSUME(T.Return));
      const value = this.OPTION1(() => this.SUBRULE1(this.tests));
      return value === undefined ? { kind: 'return', span } : { kind: 'return', value, span };
    };
    const raising = (): Simple => {
      const span = spanOf(this.CONSUME(T.Raise));
      const value = this.OPTION2(() => this.SUBRULE2(this.test));
      const message = this.OPTION3(() => {
        this.CONSUME(T.Comma);
        return this.SUBRULE3(this.test);
      });
      return { kind: 'raise', span, ...(value && { value }), ...(message && { message }) };
    };
    const assigning = (): Simple => {
      const first = this.SUBRULE4(this.tests);
      const values = [first];
      return this.OR2([
        {
          ALT: (): Simple => {
            const span = spanOf(this.CONSUME(T.Extend));
            return { kind: 'extend', target: first, value: this.SUBRULE5(this.tests), span };
          },
        },
        {
          ALT: (): Simple => {
            this.MANY(() => {
              this.CONSUME(T.Assign);
              values.push(this.SUBRULE6(this.tests));
            });
            const value = values.at(-1)!;
            return { kind: 'assign', targets: values.slice(0, -1), value, span: value.span };
          },
        },
      ]);
    };
    return this.RULE('simple', () =>
      this.OR([
        { ALT: importing },
        { ALT: returning },
        { ALT: raising },
        { ALT: (): Simple => ({ kind: 'pass', span: spanOf(this.CONSUME(T.Pass)) }) },
        { ALT: assigning },
      ]),
    );
  }
}

let parser: LineParser | undefined;

/** Reads the tokens of one logical line. */
export function parseLine(tokens: readonly IToken[]): Line | SyntaxFault {
  parser ??= new LineParser();
  parser.input = [...tokens];
  const line = parser.line();
  const [error] = parser.errors;
  parser.input = [];
  if (error === undefined) return line;
  const { message, token } = error;
  return token.tokenType === EOF ? { message } : { message, token };
}
