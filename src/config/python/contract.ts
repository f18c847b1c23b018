// SPDX-License-Identifier: Apache-2.0
import type { Span } from '../../sxp/contract.ts';

/** A name where it stands. */
export interface Word {
  readonly name: string;
  readonly span: Span;
}

/** One operator of a {@link Expression} chain, and what stands to its right. */
export interface Link {
  readonly operator: string;
  readonly operand: Expression;
}

/** An argument of a call; `name` if it is given as `name=value`. */
export interface Argument {
  readonly name?: Word;
  readonly value: Expression;
}

/** What follows a value: `.name`, `(arguments)` or `[index]`. */
export type Suffix =
  | { readonly kind: 'member'; readonly word: Word; readonly span: Span }
  | { readonly kind: 'call'; readonly args: readonly Argument[]; readonly span: Span }
  | { readonly kind: 'index'; readonly index: Expression; readonly span: Span };

/**
 * An expression. Operators of one precedence are one chain, evaluated from left to right in a loop: however long it is, it
 * needs no stack.
 */
export type Expression =
  | { readonly kind: 'literal'; readonly value: string | bigint | number | boolean | null; readonly span: Span }
  | { readonly kind: 'name'; readonly name: string; readonly span: Span }
  | { readonly kind: 'list'; readonly items: readonly Expression[]; readonly span: Span }
  | { readonly kind: 'tuple'; readonly items: readonly Expression[]; readonly span: Span }
  | { readonly kind: 'chain'; readonly first: Expression; readonly rest: readonly Link[]; readonly span: Span }
  | {
      readonly kind: 'prefix';
      readonly operators: readonly string[];
      readonly operand: Expression;
      readonly span: Span;
    }
  | { readonly kind: 'suffixed'; readonly base: Expression; readonly suffixes: readonly Suffix[]; readonly span: Span };

/** A parameter of a function, and its default. */
export interface Parameter {
  readonly word: Word;
  readonly value?: Expression;
}

/**
 * A statement without a block. A value alone is an assignment to nothing; whether what is assigned to is a name turns out when
 * it is evaluated.
 */
export type Simple =
  | {
      readonly kind: 'assign';
      readonly targets: readonly Expression[];
      readonly value: Expression;
      readonly span: Span;
    }
  | { readonly kind: 'extend'; readonly target: Expression; readonly value: Expression; readonly span: Span }
  | { readonly kind: 'return'; readonly value?: Expression; readonly span: Span }
  | { readonly kind: 'raise'; readonly value?: Expression; readonly message?: Expression; readonly span: Span }
  | { readonly kind: 'import'; readonly modules: readonly Word[]; readonly span: Span }
  | { readonly kind: 'pass'; readonly span: Span };

/** One branch of an `if`; that of `else` has no condition. */
export interface Branch {
  readonly condition?: Expression;
  readonly body: readonly Statement[];
}

export type Statement =
  | Simple
  | { readonly kind: 'if'; readonly branches: readonly Branch[]; readonly span: Span }
  | {
      readonly kind: 'def';
      readonly word: Word;
      readonly parameters: readonly Parameter[];
      readonly body: readonly Statement[];
      readonly span: Span;
    };

/** What the start of a line says about the block behind it. */
export type Header =
  | { readonly kind: 'if' | 'elif'; readonly condition: Expression; readonly span: Span }
  | { readonly kind: 'else'; readonly span: Span }
  | { readonly kind: 'def'; readonly word: Word; readonly parameters: readonly Parameter[]; readonly span: Span };

/** A logical line: simple statements, behind a header if there is one. */
export interface Line {
  readonly header?: Header;
  readonly statements: readonly Simple[];
}

/** A list or a tuple. Items know where they were written, so that a wrong disk is shown where it stands. */
export interface ListValue {
  readonly kind: 'list' | 'tuple';
  readonly items: readonly Located[];
}

/** Something with members, of which only some are given out: `os`. */
export interface ModuleValue {
  readonly kind: 'module';
  readonly name: string;
  readonly members: Readonly<Record<string, Value>>;
}

/** A function that can be called: one of ours, or one that the configuration defines. */
export interface FunctionValue {
  readonly kind: 'function';
  readonly name: string;
  readonly call: (given: Given) => Value;
}

/** What `raise` raises. */
export interface ErrorValue {
  readonly kind: 'error';
  readonly name: string;
  readonly message?: string;
}

/** A value while a configuration is evaluated; a bigint is a whole number, a number is one with a fraction. */
export type Value = string | bigint | number | boolean | null | ListValue | ModuleValue | FunctionValue | ErrorValue;

/** A value and the text that gave it. */
export interface Located {
  readonly value: Value;
  readonly span: Span;
}

/** The arguments of one call. */
export interface Given {
  readonly positional: readonly Located[];
  readonly named: ReadonlyMap<string, Located>;
  /** The call. */
  readonly span: Span;
}

/** A variable, when it has got its value. */
export interface Variable extends Located {
  /** Where its name was written. */
  readonly nameSpan: Span;
}
