// SPDX-License-Identifier: Apache-2.0
import type { Source, Span } from '../../sxp/contract.ts';
import type { Report } from '../../sxp/report.ts';
import { cite } from '../../sxp/show.ts';
import type { Located, Variable } from './contract.ts';
import { listVariables } from './vm.ts';

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/**
 * The variables that `NAME=VALUE` words give; all are texts. What is given more than once is a list if it may be one.
 * Their places are lines of a text of their own, so that what is wrong with them is shown as it was typed.
 */
export function readWords(words: readonly string[], report: Report): ReadonlyMap<string, Variable> {
  const source: Source = { name: '<command line>', text: words.join('\n') };
  const variables = new Map<string, Variable>();
  let start = 0;
  for (const word of words) {
    const end = start + word.length;
    const cut = word.indexOf('=');
    const name = word.slice(0, Math.max(0, cut));
    const nameSpan: Span = { start, end: start + name.length, source };
    const item: Located = { value: word.slice(cut + 1), span: { start: start + cut + 1, end, source } };
    const before = variables.get(name);
    if (!NAME.test(name)) {
      report('config-bad-variable', `${cite(word)} is not NAME=VALUE`, { start, end, source });
    } else if (before === undefined) {
      variables.set(name, listVariables.has(name) ? { ...listOf([item]), nameSpan } : { ...item, nameSpan });
    } else if (listVariables.has(name)) {
      const { value } = before;
      const items = typeof value === 'object' && value?.kind === 'list' ? value.items : [];
      variables.set(name, { ...listOf([...items, item]), nameSpan });
    } else {
      report('config-duplicate-field', `${name} is given twice`, nameSpan);
    }
    start = end + 1;
  }
  return variables;
}

function listOf(items: readonly Located[]): Located {
  return { value: { kind: 'list', items }, span: items[0]!.span };
}
