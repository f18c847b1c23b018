// SPDX-License-Identifier: Apache-2.0
import type { Source, SxpNode } from './contract.ts';
import { positionOf } from './position.ts';

/**
 * Where a list that is never closed probably should have been: people indent the items of a list further than the list,
 * so a line that is not belongs to an outer one, and the parenthesis is missing before it.
 *
 * @param items of the outermost unclosed list
 * @returns a question for a hint, or undefined if the indentation tells nothing
 */
export function missingParen(source: Source, items: readonly SxpNode[]): string | undefined {
  const end = missingAt(source.text, items, -1);
  return end === undefined ? undefined : `is a ')' missing on line ${positionOf(source, end).line}?`;
}

/** The end of the item after which the first line starts that has no deeper indentation than the list of `items`. */
function missingAt(text: string, items: readonly SxpNode[], indent: number): number | undefined {
  for (const [index, item] of items.entries()) {
    if (item.kind === 'atom') continue;
    const own = indentOf(text, item.span.start);
    if (own !== undefined && own <= indent) return items[index - 1]?.span.end;
    const inner = missingAt(text, item.items, own ?? indent);
    if (inner !== undefined) return inner;
  }
  return undefined;
}

/** Blanks before `offset`, or undefined if something else stands before it on its line. */
function indentOf(text: string, offset: number): number | undefined {
  let at = offset;
  while (text[at - 1] === ' ' || text[at - 1] === '\t') at--;
  return at === 0 || text[at - 1] === '\n' ? offset - at : undefined;
}
