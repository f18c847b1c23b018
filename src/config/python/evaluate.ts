// SPDX-License-Identifier: Apache-2.0
import type { Report } from '../../sxp/report.ts';
import { type Compute, makeCompute, type Names } from './compute.ts';
import type { Expression, FunctionValue, Given, Located, Parameter, Statement, Variable, Word } from './contract.ts';
import { type AskedFor, HelpOnly, MODULES, makeLibrary } from './library.ts';
import { MAX_CALLS } from './limits.ts';
import { operators } from './operators.ts';
import { notSupported, Refused, wrongValue } from './refused.ts';
import { budget, isTrue, textOf } from './values.ts';

/** What an evaluation left behind. */
export interface Evaluated {
  readonly variables: ReadonlyMap<string, Variable>;
  /** Names that were looked up, found or not. */
  readonly read: ReadonlySet<string>;
  /** Parameters that it declared, in its order. */
  readonly asked: readonly AskedFor[];
}

/**
 * Runs the statements of a configuration (spec/xend.md 2.3). There is no way out of it: no file, process or other machine is
 * touched, and it ends after a bounded number of steps.
 *
 * @param preset variables that are there before it starts
 * @param help whether it is only to say what it asks for; it ends where it checks whether it was given that
 * @returns what it left behind, or undefined if it ended with an error, which was reported
 */
export function evaluate(
  statements: readonly Statement[],
  {
    file,
    preset,
    help = false,
  }: {
    readonly file: string;
    readonly preset: readonly (readonly [string, Variable])[];
    readonly help?: boolean;
  },
  report: Report,
): Evaluated | undefined {
  const globals: Names = new Map(preset);
  const found = { read: new Set<string>(), asked: [], help };
  try {
    run(statements, globals, file, found);
    return { variables: globals, ...found };
  } catch (thrown) {
    if (thrown instanceof HelpOnly) return { variables: globals, ...found };
    if (!(thrown instanceof Refused)) throw thrown;
    report(thrown.code, thrown.message, thrown.span, thrown.hint);
    return undefined;
  }
}

function run(
  statements: readonly Statement[],
  globals: Names,
  file: string,
  found: Parameters<typeof makeLibrary>[2],
): void {
  const { read } = found;
  const steps = budget();
  const library = makeLibrary(file, globals, found, steps);
  const located: Compute = makeCompute({ globals, library, steps, read });
  let calls = 0;

  function define(name: string, parameters: readonly Parameter[], body: readonly Statement[]): FunctionValue {
    return {
      kind: 'function',
      name,
      call(args) {
        if (calls >= MAX_CALLS) {
          throw new Refused('python-limit', `calls are nested deeper than ${MAX_CALLS}`, args.span);
        }
        calls++;
        const returned = execute(body, bind(name, parameters, args));
        calls--;
        return returned?.value ?? null;
      },
    };
  }

  function bind(name: string, parameters: readonly Parameter[], { positional, named, span }: Given): Names {
    const names: Names = new Map();
    parameters.forEach(({ word, value }, index) => {
      const found = positional[index] ?? named.get(word.name) ?? (value && located(value, globals));
      if (found === undefined) throw wrongValue(`${name}() needs '${word.name}'`, span);
      names.set(word.name, { ...found, nameSpan: word.span });
    });
    const unknown = [...named.keys()].find((key) => !names.has(key));
    if (unknown !== undefined) throw wrongValue(`${name}() has no '${unknown}'`, span);
    if (positional.length > parameters.length) throw wrongValue(`${name}() is given too many values`, span);
    return names;
  }

  function assign(target: Expression, value: Located, locals: Names): void {
    if (target.kind !== 'name') throw notSupported('assigning to anything but a name', target.span);
    locals.set(target.name, { ...value, nameSpan: target.span });
  }

  function imported({ name, span }: Word, locals: Names): void {
    const [root = ''] = name.split('.');
    const value = MODULES.includes(name) ? library.modules.get(root) : undefined;
    if (value === undefined) {
      const { code, message } = notSupported(`importing ${name}`, span);
      throw new Refused(code, message, span, `there are ${MODULES.join(', ')}`);
    }
    locals.set(root, { value, span, nameSpan: span });
  }

  function raised({ value, message, span }: Extract<Statement, { kind: 'raise' }>, locals: Names): Refused {
    const error = value === undefined ? null : located(value, locals).value;
    if (error === null || typeof error !== 'object' || error.kind !== 'error') {
      return notSupported('raising anything but an exception', span);
    }
    const said = message === undefined ? error.message : textOf(located(message, locals));
    return wrongValue(said ?? error.name, span);
  }

  /** @returns what a `return` among the statements returns */
  function execute(body: readonly Statement[], locals: Names): Located | undefined {
    for (const statement of body) {
      const returned = step(statement, locals);
      if (returned !== undefined) return returned;
    }
    return undefined;
  }

  function step(statement: Statement, locals: Names): Located | undefined {
    steps.spend(1, statement.span);
    switch (statement.kind) {
      case 'assign': {
        const value = located(statement.value, locals);
        for (const target of statement.targets) assign(target, value, locals);
        return undefined;
      }
      case 'extend': {
        const { target, span } = statement;
        const sides = [located(target, locals), located(statement.value, locals)] as const;
        assign(target, { value: operators['+']!(...sides, span, steps), span: sides[1].span }, locals);
        return undefined;
      }
      case 'if': {
        const taken = statement.branches.find(
          ({ condition }) => condition === undefined || isTrue(located(condition, locals).value),
        );
        return taken && execute(taken.body, locals);
      }
      case 'def': {
        if (locals !== globals) throw notSupported('a function within a function', statement.span);
        const { word, parameters, body } = statement;
        globals.set(word.name, { value: define(word.name, parameters, body), span: word.span, nameSpan: word.span });
        return undefined;
      }
      case 'return':
        if (locals === globals) throw notSupported("'return' outside of a function", statement.span);
        return statement.value === undefined ? { value: null, span: statement.span } : located(statement.value, locals);
      case 'raise':
        throw raised(statement, locals);
      case 'import':
        for (const module of statement.modules) imported(module, locals);
        return undefined;
      case 'pass':
        return undefined;
      default:
        return statement satisfies never;
    }
  }

  execute(statements, globals);
}
