// SPDX-License-Identifier: Apache-2.0
import type { ParseResult, Source } from '../sxp/contract.ts';
import { parse } from '../sxp/parse.ts';
import { collector } from '../sxp/report.ts';
import type { Context, ReadOptions } from './context.ts';
import { isPython } from './language.ts';
import { readWords } from './python/command-line.ts';
import { readPython } from './python/read.ts';

/** The forms of a text in either language; `complete` unless a syntax error may have swallowed some of it. */
export function parseAny(
  source: Source,
  { format, variables = [] }: Pick<ReadOptions, 'format' | 'variables'>,
): ParseResult & Pick<Context, 'complete'> {
  const python = isPython(source);
  if (python && format !== 'sxp') {
    const read = readPython(source, variables);
    return { ...read, complete: read.forms.length > 0 };
  }
  const { report, done } = collector();
  if (python) {
    const message = 'this is no SXP, which begins with a parenthesis';
    report('config-not-sxp', message, { start: 0, end: 0 }, 'a Python-style configuration is given without -F');
    return { forms: [], diagnostics: done(), complete: false };
  }
  const [first] = readWords(variables, report).values();
  if (first !== undefined) {
    const message = 'this configuration is SXP and takes no NAME=VALUE';
    report('config-variables', message, first.nameSpan, 'only a Python-style one has variables');
  }
  const { forms, diagnostics } = parse(source);
  return { forms, diagnostics: [...diagnostics, ...done()], complete: diagnostics.length === 0 };
}
