// SPDX-License-Identifier: Apache-2.0
import { availableParallelism } from 'node:os';
import type { Diagnostic, Source } from '../sxp/contract.ts';
import { collector } from '../sxp/report.ts';
import { didYouMean } from '../words.ts';
import { poolName } from './pool-name.ts';
import { parsePython } from './python/blocks.ts';
import { readWords } from './python/command-line.ts';
import type { Located, Variable } from './python/contract.ts';
import { evaluate } from './python/evaluate.ts';
import { isSequence, textOf } from './python/values.ts';

/** A pool of threads. */
export interface PoolConfig {
  readonly name: string;
  /** Numbers of its threads. */
  readonly threads: readonly number[];
}

const KNOWN = ['name', 'sched', 'cpus'];
/** Threads that a pool may have. */
const MOST = 256;

/**
 * Reads the configuration of a pool, in the style of those of Xen (spec/xend.md 4.2 and 9): `name`, `cpus`, a list of the numbers of
 * its threads, and `sched`, which can only be `loop`. Words win over the text.
 *
 * @param words `NAME=VALUE` each
 */
export function readPoolConfig(
  source: Source,
  words: readonly string[],
): { readonly config: PoolConfig | undefined; readonly diagnostics: readonly Diagnostic[] } {
  const { report, done } = collector();
  const typed = readWords(words, report);
  const statements = parsePython(source, report);
  const evaluated = done().length > 0 ? undefined : evaluate(statements, { file: source.name, preset: [] }, report);
  if (evaluated === undefined) return { config: undefined, diagnostics: done() };
  const variables = new Map<string, Variable>([...evaluated.variables, ...typed]);

  for (const [name, { nameSpan }] of variables) {
    if (KNOWN.includes(name) || evaluated.read.has(name)) continue;
    report('pool-unknown', `${name} means nothing in a pool`, nameSpan, didYouMean(name, KNOWN));
  }
  const start = { start: 0, end: 0 };
  const given = variables.get('name');
  const named = given === undefined ? undefined : poolName(textOf(given));
  if (given === undefined) report('pool-no-name', 'name is missing', start);
  else if (named !== undefined && 'problem' in named) report('pool-bad-value', `name ${named.problem}`, given.span);
  const sched = variables.get('sched');
  if (sched !== undefined && textOf(sched) !== 'loop') {
    report(
      'pool-bad-value',
      'the domains of a thread take turns in its event loop: sched can only be loop',
      sched.span,
    );
  }
  const cpus = variables.get('cpus');
  const threads = cpus === undefined ? upTo(availableParallelism()) : numbersOf(cpus);
  if (threads === undefined && cpus !== undefined) {
    report('pool-bad-value', `cpus must be the numbers of its threads, from 1 to ${MOST}, such as [1, 2]`, cpus.span);
  }
  const diagnostics = done();
  const good = diagnostics.length === 0 && named !== undefined && 'value' in named && threads !== undefined;
  return { config: good ? { name: named.value, threads } : undefined, diagnostics };
}

/** Whether a thread of a pool may have this number. */
export const isThreadNumber = (number: number): boolean => Number.isInteger(number) && number >= 1 && number <= MOST;

const upTo = (count: number): readonly number[] => Array.from({ length: count }, (_, index) => index + 1);

/** A list, or a text with commas, of numbers, each once and in order. */
function numbersOf(given: Located): readonly number[] | undefined {
  const { value } = given;
  const texts = isSequence(value) ? value.items.map(textOf) : textOf(given).split(',');
  const numbers = [...new Set(texts.map((text) => (/^\s*\d+\s*$/.test(text) ? Number(text) : 0)))];
  const good = numbers.length > 0 && numbers.every(isThreadNumber);
  return good ? numbers.sort((a, b) => a - b) : undefined;
}
