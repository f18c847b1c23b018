// SPDX-License-Identifier: Apache-2.0
import { children, isElement, nameOf } from './access.ts';
import type { Sxp } from './contract.ts';

/** Where a node of a tree stands. */
export interface SxpContext {
  /** Position among its parent's children; 0 for the root. */
  readonly index: number;
  /** Absent for the root. */
  readonly parent?: Sxp;
  readonly parentContext?: SxpContext;
}

/** All nodes of a tree with their places, parents before their children (spec/xend.md 1.8, `elements`). */
export function* elements(value: Sxp, context: SxpContext = { index: 0 }): Generator<readonly [Sxp, SxpContext]> {
  yield [value, context];
  for (const [index, item] of children(value).entries()) {
    yield* elements(item, { index, parent: value, parentContext: context });
  }
}

/**
 * Two versions of one form as one: the first wins (spec/xend.md 1.8, `merge`). Child lists of one name are paired by their
 * position and merged in turn; what has no partner is kept. Plain values come from the first alone; attributes are lost.
 *
 * @returns the other when one is undefined
 */
export function merge(first: Sxp | undefined, second: Sxp | undefined): Sxp | undefined {
  if (first === undefined || second === undefined) return first ?? second;
  if (!isElement(first) || !isElement(second)) return first;
  const partners = new Map<string | undefined, Sxp[]>();
  for (const item of children(second).filter((item) => isElement(item))) {
    const name = nameOf(item);
    partners.set(name, [...(partners.get(name) ?? []), item]);
  }
  const merged = children(first).map((item) => {
    const partner = isElement(item) ? partners.get(nameOf(item))?.shift() : undefined;
    return merge(item, partner)!;
  });
  return [first[0]!, ...merged, ...[...partners.values()].flat()];
}
