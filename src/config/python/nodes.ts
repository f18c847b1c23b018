// SPDX-License-Identifier: Apache-2.0
import type { Span, SxpAtom, SxpList, SxpNode } from '../../sxp/contract.ts';
import type { Report } from '../../sxp/report.ts';
import type { Located } from './contract.ts';
import { isSequence, kindOf, textOf } from './values.ts';

/** A text that stands, or would stand, at a place. */
export const atom = (text: string, span: Span): SxpAtom => ({ kind: 'atom', text, span });

/** `(NAME ITEM...)`, whose name stands at a place. */
export const form = (name: string, span: Span, ...items: readonly SxpNode[]): SxpList => ({
  kind: 'list',
  items: [atom(name, span), ...items],
  span,
});

/**
 * The texts of a variable: of a list those of its items. Texts and numbers have one, True and False are 1 and 0, None is
 * nothing; anything else is reported.
 */
export function textsOf(name: string, given: Located, report: Report): readonly SxpAtom[] {
  const items = isSequence(given.value) ? given.value.items : [given];
  return items.flatMap((item) => {
    const { value, span } = item;
    if (value === null) return [];
    if (typeof value === 'boolean') return [atom(value ? '1' : '0', span)];
    if (typeof value !== 'object') return [atom(textOf(item), span)];
    report('python-value', `${name} must be texts or numbers, not ${kindOf(value)}`, span);
    return [];
  });
}
