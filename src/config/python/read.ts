// SPDX-License-Identifier: Apache-2.0
import { basename } from 'node:path';
import type { Diagnostic, ParseResult, Source } from '../../sxp/contract.ts';
import { collector } from '../../sxp/report.ts';
import { didYouMean } from '../../words.ts';
import { parsePython } from './blocks.ts';
import { readWords } from './command-line.ts';
import { type Evaluated, evaluate } from './evaluate.ts';
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
  if (source.text.length > MAX_LENGTH) {
    const message = `too large: ${source.text.length} characters, the limit for a Python-style configuration is ${MAX_LENGTH}`;
    report('python-limit', message, { start: 0, end: 0 });
    return { forms: [], diagnostics: done() };
  }
  if (/^\s*</.test(source.text)) {
    report('python-not-supported', 'not supported: XML, the configurations of the Xen-API', { start: 0, end: 1 });
    return { forms: [], diagnostics: done() };
  }
  const typed = readWords(words, report);
  const statements = parsePython(source, report);
  if (done().length > 0) return { forms: [], diagnostics: done() };
  const preset = [...typed].filter(([name]) => !knownVariables.has(name));
  const evaluated = evaluate(statements, { file: source.name, preset }, report);
  if (evaluated === undefined) return { forms: [], diagnostics: done() };
  const options = [...typed].filter(([name]) => knownVariables.has(name));
  const variables: Variables = new Map([...evaluated.variables, ...options]);
  const name = source.name.startsWith('<') ? undefined : basename(source.name);
  const forms = [makeVm(variables, name, report)];
  return { forms, diagnostics: [...done(), ...warnings(evaluated)] };
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
