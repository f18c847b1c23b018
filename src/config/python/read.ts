// SPDX-License-Identifier: Apache-2.0
import { basename } from 'node:path';
import type { Diagnostic, ParseResult, Source } from '../../sxp/contract.ts';
import { collector, type Report } from '../../sxp/report.ts';
import { didYouMean } from '../../words.ts';
import { parsePython } from './blocks.ts';
import { readWords } from './command-line.ts';
import { type Evaluated, evaluate } from './evaluate.ts';
import type { AskedFor } from './library.ts';
import { MAX_LENGTH } from './limits.ts';
import { knownVariables, makeVm, type Variables } from './vm.ts';

/**
 * Reads a Python-style configuration as the one `(vm ...)` form it stands for (spec/xend.md 2.3 and 2.4), with the places of
 * the text. Known variables of the command line win over the text; the others are there before it starts.
 *
 * @param words `NAME=VALUE` each
 */
export function readPython(source: Source, words: readonly string[]): ParseResult {
  const { report, done } = collector();
  const typed = readWords(words, report);
  const evaluated = run(source, typed, false, report, () => done().length > 0);
  if (evaluated === undefined) return { forms: [], diagnostics: done() };
  const options = [...typed].filter(([name]) => knownVariables.has(name));
  const variables: Variables = new Map([...evaluated.variables, ...options]);
  const name = source.name.startsWith('<') ? undefined : basename(source.name);
  const forms = [makeVm(variables, name, report)];
  return { forms, diagnostics: [...done(), ...warnings(evaluated)] };
}

/**
 * The parameters that a Python-style configuration asks for by `xm_vars.var` (spec/xend.md 2.2, `--help_config`).
 *
 * @returns them, none if the text is wrong, which is among the diagnostics
 */
export function readAskedFor(source: Source): {
  readonly asked: readonly AskedFor[];
  readonly diagnostics: readonly Diagnostic[];
} {
  const { report, done } = collector();
  const evaluated = run(source, new Map(), true, report, () => done().length > 0);
  return { asked: evaluated?.asked ?? [], diagnostics: done() };
}

/** Evaluates it, unless something is reported. */
function run(
  source: Source,
  typed: Variables,
  help: boolean,
  report: Report,
  failed: () => boolean,
): Evaluated | undefined {
  if (source.text.length > MAX_LENGTH) {
    const message = `too large: ${source.text.length} characters, the limit for a Python-style configuration is ${MAX_LENGTH}`;
    report('python-limit', message, { start: 0, end: 0 });
    return undefined;
  }
  if (/^\s*</.test(source.text)) {
    report('python-not-supported', 'not supported: XML, the configurations of the Xen-API', { start: 0, end: 1 });
    return undefined;
  }
  const statements = parsePython(source, report);
  if (failed()) return undefined;
  const preset = [...typed].filter(([name]) => !knownVariables.has(name));
  return evaluate(statements, { file: source.name, preset, help }, report);
}

/** Variables that nothing reads and that have no meaning: all right in Python, and most likely a slip if a known one is near. */
function warnings({ variables, read }: Evaluated): readonly Diagnostic[] {
  return [...variables].flatMap(([name, { nameSpan, value }]): readonly Diagnostic[] => {
    if (
      knownVariables.has(name) ||
      read.has(name) ||
      (typeof value === 'object' && value !== null && value.kind !== 'list')
    )
      return [];
    const hint = didYouMean(name, knownVariables);
    const typed = nameSpan.source !== undefined;
    if (hint === undefined && !typed) return [];
    const message = `${name} means nothing${typed ? ', and the configuration does not ask for it' : ''}`;
    return [
      {
        code: 'config-unused-variable',
        severity: 'warning',
        message,
        span: nameSpan,
        ...(hint === undefined ? {} : { hint }),
      },
    ];
  });
}
