// SPDX-License-Identifier: Apache-2.0
import { hostname, machine, release, type, version } from 'node:os';
import type { FunctionValue, Given, ListValue, Located, ModuleValue, Value, Variable } from './contract.ts';
import { notSupported, Refused, wrongValue } from './refused.ts';
import { type Budget, integerOf, isSequence, kindOf, textOf } from './values.ts';

/** Patterns that are looked for in linear time: plain characters, at the start or the end if they say so. */
const PLAIN_PATTERN = /^(\^?)([A-Za-z0-9_ :;,/@=<>!'"&%~-]*)(\$?)$/;

/** What `raise` may name. */
const EXCEPTIONS = ['Exception', 'IndexError', 'KeyError', 'NameError', 'RuntimeError', 'TypeError', 'ValueError'];

/** Modules that `import` accepts. What they hold here is in {@link makeLibrary}. */
export const MODULES: readonly string[] = ['os', 'os.path', 're', 'sys'];

/** A parameter that the configuration declared by `xm_vars.var`. */
interface Declared {
  readonly name: Located;
  readonly key: string;
  readonly use: string | undefined;
  readonly check: FunctionValue | undefined;
}

const member = (name: string, call: (given: Given) => Value): FunctionValue => ({ kind: 'function', name, call });

/** The argument at `index`, or called `name`. */
function argument({ positional, named }: Given, index: number, name: string): Located | undefined {
  return positional[index] ?? named.get(name);
}

function required(given: Given, index: number, name: string): Located {
  const found = argument(given, index, name);
  if (found === undefined) throw wrongValue(`the argument '${name}' is missing`, given.span);
  return found;
}

function text(given: Given, index: number, name: string): string {
  const { value, span } = required(given, index, name);
  if (typeof value !== 'string') throw wrongValue(`${name} must be a text, not ${kindOf(value)}`, span);
  return value;
}

function length(given: Given): bigint {
  const { value, span } = required(given, 0, 'value');
  if (typeof value === 'string') return BigInt(value.length);
  if (isSequence(value)) return BigInt(value.items.length);
  throw wrongValue(`${kindOf(value)} has no length`, span);
}

/** `os.uname()`: system, host name, release, version, machine. */
function uname({ span }: Given): ListValue {
  const items = [type(), hostname(), release(), version(), machine()].map((value) => ({ value, span }));
  return { kind: 'tuple', items };
}

/** `re.search` and `re.match`, for patterns that cannot take long. */
function find(given: Given, budget: Budget, start: boolean): Value {
  const pattern = PLAIN_PATTERN.exec(text(given, 0, 'pattern'));
  if (pattern === null) throw notSupported('a regular expression with more than plain characters', given.span);
  const [, first = '', words = '', last = ''] = pattern;
  const subject = text(given, 1, 'string');
  budget.spend(subject.length, given.span);
  const anchored = start || first !== '';
  const found =
    last === '' ? (anchored ? subject.startsWith(words) : subject.includes(words)) : subject.endsWith(words);
  const whole = anchored && last !== '' ? subject === words : found;
  return whole ? true : null;
}

/** A parameter as its user is told of it. */
export interface AskedFor {
  readonly name: string;
  /** What the configuration says that it is for. */
  readonly use?: string;
}

/** Thrown by `xm_vars.check()` where only help is wanted: what follows would need the parameters. */
export class HelpOnly extends Error {}

/** The names that every configuration finds (spec/xend.md 2.3), beside its own and the modules to import. */
export interface Library {
  readonly names: ReadonlyMap<string, Value>;
  readonly modules: ReadonlyMap<string, Value>;
}

/**
 * Makes them for one evaluation.
 *
 * @param file the configuration's name
 * @param variables of the configuration: `xm_vars.check()` looks for what was declared among them
 * @param read takes the names that were declared, since they are asked for
 * @param asked takes the parameters that were declared
 * @param help whether the configuration is only to say what it asks for
 */
export function makeLibrary(
  file: string,
  variables: Map<string, Variable>,
  { read, asked, help }: { readonly read: Set<string>; readonly asked: AskedFor[]; readonly help: boolean },
  budget: Budget,
): Library {
  const declared: Declared[] = [];
  const declare = (given: Given): null => {
    const check = argument(given, 2, 'check')?.value ?? null;
    if (check !== null && (typeof check !== 'object' || check.kind !== 'function')) {
      throw wrongValue('check must be a function', given.span);
    }
    const use = argument(given, 1, 'use');
    const key = text(given, 0, 'name');
    read.add(key);
    asked.push({ name: key, ...(use === undefined ? {} : { use: textOf(use) }) });
    declared.push({ name: required(given, 0, 'name'), key, use: use && textOf(use), check: check ?? undefined });
    return null;
  };
  const enforce = (): null => {
    if (help) throw new HelpOnly();
    for (const { name, key, use, check } of declared) {
      const variable = variables.get(key);
      if (variable === undefined) {
        const hint = `write ${key}=VALUE on the command line${use === undefined ? '' : `: ${use}`}`;
        throw new Refused('python-name', `the variable '${key}' is missing`, name.span, hint);
      }
      if (check === undefined) continue;
      const value = checked(() => check.call({ positional: [name, variable], named: new Map(), span: variable.span }));
      variables.set(key, { ...variable, value });

      function checked(run: () => Value): Value {
        try {
          return run();
        } catch (thrown) {
          if (!(thrown instanceof Refused) || thrown.code !== 'python-value') throw thrown;
          throw new Refused(thrown.code, `wrong value for '${key}': ${thrown.message}`, variable!.span, use);
        }
      }
    }
    return null;
  };
  const module = (name: string, members: Readonly<Record<string, Value>>): ModuleValue => ({
    kind: 'module',
    name,
    members,
  });
  const os = module('os', { uname: member('uname', uname), path: module('os.path', {}) });
  const sys = module('sys', {});
  const re = module('re', {
    search: member('search', (given) => find(given, budget, false)),
    match: member('match', (given) => find(given, budget, true)),
  });
  const exceptions = EXCEPTIONS.map((name): [string, Value] => [name, { kind: 'error', name }]);
  return {
    names: new Map<string, Value>([
      ['int', member('int', (given) => integerOf(required(given, 0, 'x')))],
      ['str', member('str', (given) => textOf(required(given, 0, 'object')))],
      ['len', member('len', length)],
      ['os', os],
      ['sys', sys],
      ['xm_file', file],
      ['xm_help', help ? 1n : 0n],
      ['xm_vars', module('xm_vars', { var: member('var', declare), check: member('check', enforce) })],
      ...exceptions,
    ]),
    modules: new Map<string, Value>([
      ['os', os],
      ['re', re],
      ['sys', sys],
    ]),
  };
}
