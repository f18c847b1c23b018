// SPDX-License-Identifier: Apache-2.0
import type { Span } from '../../sxp/contract.ts';
import { didYouMean } from '../../words.ts';
import type { Argument, Expression, Given, Located, Suffix, Value, Variable, Word } from './contract.ts';
import type { Library } from './library.ts';
import { operators } from './operators.ts';
import { notSupported, Refused, wrongValue } from './refused.ts';
import { asNumber, type Budget, isSequence, isTrue, kindOf, textOf } from './values.ts';

/** The names of the configuration, or those of one call of a function. */
export type Names = Map<string, Variable>;

/** What one evaluation works with. */
export interface Machine {
  readonly globals: Names;
  readonly library: Library;
  readonly steps: Budget;
  /** Names that were looked up, found or not. */
  readonly read: Set<string>;
}

/** Gives the value of an expression. */
export type Compute = (expression: Expression, locals: Names) => Located;

/** Makes the function that computes expressions; what is wrong with one it throws as {@link Refused}. */
export function makeCompute({ globals, library, steps, read }: Machine): Compute {
  function lookUp(name: string, span: Span, locals: Names): Value {
    read.add(name);
    const variable = locals.get(name) ?? globals.get(name);
    if (variable !== undefined) return variable.value;
    const known = library.names.get(name);
    if (known !== undefined) return known;
    const names = [...locals.keys(), ...globals.keys(), ...library.names.keys()];
    throw new Refused('python-name', `unknown name '${name}'`, span, didYouMean(name, names));
  }

  const results: {
    readonly [K in Expression['kind']]: (expression: Extract<Expression, { kind: K }>, locals: Names) => Value;
  } = {
    literal: ({ value }) => value,
    name: ({ name, span }, locals) => lookUp(name, span, locals),
    list: ({ items }, locals) => ({ kind: 'list', items: items.map((item) => located(item, locals)) }),
    tuple: ({ items }, locals) => ({ kind: 'tuple', items: items.map((item) => located(item, locals)) }),
    prefix({ operators: prefixes, operand, span }, locals) {
      let value = valueOfAny(operand, locals);
      for (const prefix of prefixes.toReversed()) {
        if (prefix === 'not') {
          value = !isTrue(value);
          continue;
        }
        const number = asNumber(value);
        if (number === undefined) throw wrongValue(`${prefix}${kindOf(value)} has no meaning`, span);
        value = prefix === '-' ? -number : number;
      }
      return value;
    },
    chain({ first, rest, span }, locals) {
      let left = located(first, locals);
      for (const { operator, operand } of rest) {
        steps.spend(1, span);
        // What decides an `and` or an `or` is its value; the rest is not looked at.
        if (operator === 'and' || operator === 'or') {
          if (isTrue(left.value) === (operator === 'or')) return left.value;
          left = located(operand, locals);
        } else {
          const right = located(operand, locals);
          const both = { start: first.span.start, end: operand.span.end };
          left = { value: operators[operator]!(left, right, both, steps), span: both };
        }
      }
      return left.value;
    },
    suffixed({ base, suffixes }, locals) {
      let value = located(base, locals);
      for (const suffix of suffixes) {
        const span = { start: base.span.start, end: suffix.span.end };
        value = { value: apply(value, suffix, span, locals), span };
      }
      return value.value;
    },
  };

  function valueOfAny(expression: Expression, locals: Names): Value {
    steps.spend(1, expression.span);
    return (results[expression.kind] as (expression: Expression, locals: Names) => Value)(expression, locals);
  }

  function located(expression: Expression, locals: Names): Located {
    return { value: valueOfAny(expression, locals), span: expression.span };
  }

  function apply({ value }: Located, suffix: Suffix, span: Span, locals: Names): Value {
    if (suffix.kind === 'member') return memberOf(value, suffix.word, span);
    if (suffix.kind === 'index') return itemOf(value, located(suffix.index, locals), span);
    if (typeof value === 'object' && value?.kind === 'error') {
      const [message] = given(suffix.args, span, locals).positional;
      return message === undefined ? value : { ...value, message: textOf(message) };
    }
    if (typeof value !== 'object' || value?.kind !== 'function')
      throw wrongValue(`${kindOf(value)} cannot be called`, span);
    return value.call(given(suffix.args, span, locals));
  }

  function given(args: readonly Argument[], span: Span, locals: Names): Given {
    const positional: Located[] = [];
    const named = new Map<string, Located>();
    for (const { name, value } of args) {
      if (name !== undefined) named.set(name.name, located(value, locals));
      else if (named.size === 0) positional.push(located(value, locals));
      else throw wrongValue('an argument without a name comes before those with one', value.span);
    }
    return { positional, named, span };
  }

  return located;
}

function memberOf(value: Value, { name, span }: Word, whole: Span): Value {
  if (typeof value !== 'object' || value?.kind !== 'module') throw notSupported(`.${name} of ${kindOf(value)}`, whole);
  const found = Object.hasOwn(value.members, name) ? value.members[name] : undefined;
  if (found === undefined) throw notSupported(`${value.name}.${name}`, { start: whole.start, end: span.end });
  return found;
}

function itemOf(value: Value, index: Located, span: Span): Value {
  const at = asNumber(index.value);
  if (typeof at !== 'bigint') throw notSupported(`${kindOf(index.value)} as an index`, index.span);
  if (typeof value !== 'string' && !isSequence(value)) throw wrongValue(`${kindOf(value)} has no items`, span);
  const item = typeof value === 'string' ? value.at(Number(at)) : value.items.at(Number(at))?.value;
  if (item === undefined) throw wrongValue(`there is no item ${at}`, index.span);
  return item;
}
