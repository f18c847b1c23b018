// SPDX-License-Identifier: Apache-2.0
import { createToken, Lexer, type TokenType } from 'chevrotain';

const plain = (name: string, pattern: string | RegExp, categories: TokenType[] = []): TokenType =>
  createToken({ name, pattern, categories, label: typeof pattern === 'string' ? `'${pattern}'` : name.toLowerCase() });

/** What Python has and a configuration has not. A line with one of them is refused as a whole. */
export const Unsupported = createToken({ name: 'Unsupported', pattern: Lexer.NA });
/** Operators of one precedence. */
export const AddOperator = createToken({ name: 'AddOperator', pattern: Lexer.NA });
export const TimesOperator = createToken({ name: 'TimesOperator', pattern: Lexer.NA });
export const CompareOperator = createToken({ name: 'CompareOperator', pattern: Lexer.NA });
/** Opening and closing brackets, within which lines do not end. */
export const Opening = createToken({ name: 'Opening', pattern: Lexer.NA });
export const Closing = createToken({ name: 'Closing', pattern: Lexer.NA });

export const Name = createToken({ name: 'Name', pattern: /[A-Za-z_][A-Za-z0-9_]*/, label: 'a name' });

const keyword = (word: string, categories: TokenType[] = []): TokenType =>
  createToken({ name: `Keyword_${word}`, pattern: word, longer_alt: Name, categories, label: `'${word}'` });

export const If = keyword('if');
export const Elif = keyword('elif');
export const Else = keyword('else');
export const Def = keyword('def');
export const Return = keyword('return');
export const Raise = keyword('raise');
export const Import = keyword('import');
export const Pass = keyword('pass');
export const And = keyword('and');
export const Or = keyword('or');
export const Not = keyword('not');
export const In = keyword('in', [CompareOperator]);
export const True = keyword('True');
export const False = keyword('False');
export const None = keyword('None');

const UNSUPPORTED_WORDS =
  'as assert async await break class continue del except exec finally for from global is lambda nonlocal print try while with yield';
const unsupportedWords = UNSUPPORTED_WORDS.split(' ').map((word) => keyword(word, [Unsupported]));
const UnsupportedOperator = plain('UnsupportedOperator', /\*\*=?|\/\/?=?|<<=?|>>=?|[-*%&|^]=|:=|->|[&|^~@`{}]/, [
  Unsupported,
]);

/** `f'...'`; only its start, since it may hold other strings. */
export const FormattedString = plain('FormattedString', /(?:[fF][rR]?|[rR][fF])["'][^\n]*/, [Unsupported]);

const long = (mark: string) =>
  `${mark}{3}[^\\\\${mark}]*(?:(?:\\\\[\\s\\S]|${mark}{1,2}(?!${mark}))[^\\\\${mark}]*)*${mark}{3}`;
const short = (mark: string) => `${mark}[^${mark}\\\\\\n]*(?:\\\\[\\s\\S][^${mark}\\\\\\n]*)*${mark}`;

/** A text literal, with its prefix and quotes. */
export const Text = createToken({
  name: 'Text',
  pattern: new RegExp(`[uUbB]?[rR]?(?:${long('"')}|${long("'")}|${short('"')}|${short("'")})`),
  line_breaks: true,
  label: 'a text',
});
/** A quote that nothing closes. */
export const UnclosedText = plain('UnclosedText', /[uUbB]?[rR]?["'][^\n]*/);

export const Float = plain('Float', /(?:[0-9]+\.[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|[0-9]+[eE][+-]?[0-9]+/);
export const Integer = plain('Integer', /(?:0[xX][0-9a-fA-F]+|0[oO]?[0-7]*|[1-9][0-9]*)[lL]?/);

export const LeftParen = plain('LeftParen', '(', [Opening]);
export const RightParen = plain('RightParen', ')', [Closing]);
export const LeftBracket = plain('LeftBracket', '[', [Opening]);
export const RightBracket = plain('RightBracket', ']', [Closing]);
export const Comma = plain('Comma', ',');
export const Colon = plain('Colon', ':');
export const Semicolon = plain('Semicolon', ';');
export const Dot = plain('Dot', '.');
export const Extend = plain('Extend', '+=');
const Compare = plain('Compare', /==|!=|<>|<=|>=|<|>/, [CompareOperator]);
export const Assign = plain('Assign', '=');
const Plus = plain('Plus', '+', [AddOperator]);
export const Minus = plain('Minus', '-', [AddOperator]);
const Star = plain('Star', '*', [TimesOperator]);
const Percent = plain('Percent', '%', [TimesOperator]);

export const Newline = createToken({ name: 'Newline', pattern: /\r?\n/, line_breaks: true });
const Blank = createToken({ name: 'Blank', pattern: /(?:[ \t\f]|\\\r?\n)+/, group: Lexer.SKIPPED, line_breaks: true });
const Comment = createToken({ name: 'Comment', pattern: /#[^\n]*/, group: Lexer.SKIPPED });
/** A run of characters with which nothing starts. */
export const Invalid = createToken({
  name: 'Invalid',
  pattern: /[^\sA-Za-z0-9_'"()[\]{},:;.+=<>*%/&|^~@`#-]+|[\s\S]/,
  line_breaks: true,
});

/** All token types; where two match, the earlier one wins. */
export const vocabulary: TokenType[] = [
  Newline,
  Blank,
  Comment,
  FormattedString,
  Text,
  UnclosedText,
  ...unsupportedWords,
  ...[If, Elif, Else, Def, Return, Raise, Import, Pass, And, Or, Not, In, True, False, None],
  Name,
  Float,
  Integer,
  UnsupportedOperator,
  Extend,
  Compare,
  Assign,
  ...[LeftParen, RightParen, LeftBracket, RightBracket, Comma, Colon, Semicolon, Dot, Plus, Minus, Star, Percent],
  Invalid,
  ...[Unsupported, AddOperator, TimesOperator, CompareOperator, Opening, Closing],
];
