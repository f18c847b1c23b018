// SPDX-License-Identifier: Apache-2.0
import type { Sxp, SxpNode } from './contract.ts';

/** A form without positions: what `show` prints and the accessors below look into. */
export function toSxp(node: SxpNode): Sxp {
  return node.kind === 'atom' ? node.text : node.items.map(toSxp);
}

/** Whether `value` is a non-empty list, headed by `name` if that is given (this and the rest: spec/xend.md 1.8). */
export function isElement(value: Sxp | undefined, name?: string): value is readonly Sxp[] {
  if (typeof value !== 'object' || value.length === 0) return false;
  return name === undefined || value[0] === name;
}

/** The head of a list, or a text itself; undefined for the empty list, a number, or a list headed by a list. */
export function nameOf(value: Sxp): string | undefined {
  const head = isElement(value) ? value[0] : value;
  return typeof head === 'string' ? head : undefined;
}

/** The `(name value)` pairs after `@` if the second item is such a list. */
export function attributes(value: Sxp): readonly Sxp[] {
  const second = isElement(value) ? value[1] : undefined;
  return isElement(second, '@') ? second.slice(1) : [];
}

/** The value of one attribute, or undefined. */
export function attribute(value: Sxp, key: string): Sxp | undefined {
  const pair = attributes(value).find((candidate) => isElement(candidate, key));
  return isElement(pair) ? pair[1] : undefined;
}

/** The items behind name and attributes; with `name` only the lists headed by it. */
export function children(value: Sxp): readonly Sxp[];
export function children(value: Sxp, name: string): readonly (readonly Sxp[])[];
export function children(value: Sxp, name?: string): readonly Sxp[] {
  if (!isElement(value)) return [];
  const items = value.slice(isElement(value[1], '@') ? 2 : 1);
  return name === undefined ? items : items.filter((item) => isElement(item, name));
}

/** The first child list headed by `name`, or undefined. */
export function child(value: Sxp, name: string): readonly Sxp[] | undefined {
  return children(value, name)[0];
}

/** The child at `index` from 0, or from the end with -1 as the last; undefined if there is none. */
export function childAt(value: Sxp, index: number): Sxp | undefined {
  return children(value).at(index);
}

/**
 * The first item of the child headed by `name`, e.g. `x` of `(name x)`; undefined if there is no such child or it holds
 * nothing.
 */
export function childValue(value: Sxp, name: string): Sxp | undefined {
  const found = child(value, name);
  return found === undefined ? undefined : childAt(found, 0);
}

/** Whether the attribute `id` is `id`. */
export function hasId(value: Sxp, id: string): boolean {
  return attribute(value, 'id') === id;
}

/** The first direct child with that id, or undefined. */
export function childWithId(value: Sxp, id: string): Sxp | undefined {
  return children(value).find((item) => hasId(item, id));
}

/** The first descendant with that id, depth first; `value` itself is not asked. */
export function withId(value: Sxp, id: string): Sxp | undefined {
  for (const item of children(value)) {
    const found = hasId(item, id) ? item : withId(item, id);
    if (found !== undefined) return found;
  }
  return undefined;
}
