// SPDX-License-Identifier: Apache-2.0

/** What a {@link Children} map holds: its entries know their names. */
interface Named {
  readonly name: string;
}

/**
 * A persistent map from name to node. "Changing" it makes a new one that shares nearly everything with the old, so a
 * snapshot costs nothing and a directory of a million children costs a few small arrays per change.
 *
 * Up to {@link LEAF_MAX} entries are one array; more are spread over 16 slots by four bits of the name's hash, again and again.
 */
export type Children<E extends Named> = Leaf<E> | Branch<E>;

type Leaf<E> = readonly E[];

interface Branch<E> {
  readonly size: number;
  readonly slots: readonly (Leaf<E> | Branch<E> | undefined)[];
}

const LEAF_MAX = 16;
/** Below this a branch becomes a leaf again; lower than the maximum so that a size on the edge does not flap. */
const MERGE_AT = 8;
const BITS = 4;
const FANOUT = 1 << BITS;
const LAST_SHIFT = 28;

const EMPTY: Leaf<never> = [];
/** Names are chosen by guests: without a secret they could all be made to fall into one slot. */
const SEED = (Math.random() * 2 ** 32) | 0;

function hash(name: string): number {
  let h = SEED;
  for (let i = 0; i < name.length; i++) h = Math.imul(h ^ name.charCodeAt(i), 0x01000193);
  h = Math.imul(h ^ (h >>> 15), 0x2c1b3c6d);
  h = Math.imul(h ^ (h >>> 12), 0x297a2d39);
  return (h ^ (h >>> 15)) >>> 0;
}

const slotOf = (name: string, shift: number): number => (hash(name) >>> shift) & (FANOUT - 1);
const isLeaf = <E extends Named>(map: Children<E>): map is Leaf<E> => Array.isArray(map);

/** The map without entries. */
export const noChildren = (): Children<never> => EMPTY;

/** How many entries there are. */
export const countChildren = <E extends Named>(map: Children<E>): number => (isLeaf(map) ? map.length : map.size);

export function getChild<E extends Named>(children: Children<E>, name: string): E | undefined {
  let map: Children<E> | undefined = children;
  for (let shift = 0; map !== undefined && !isLeaf(map); shift += BITS) map = map.slots[slotOf(name, shift)];
  if (map === undefined) return undefined;
  for (const entry of map) if (entry.name === name) return entry;
  return undefined;
}

/** The map with an entry in the place of a namesake that is in it. */
export function swapChild<E extends Named>(map: Children<E>, before: E, after: E, shift = 0): Children<E> {
  if (isLeaf(map)) return map.with(map.indexOf(before), after);
  const slot = slotOf(after.name, shift);
  return { size: map.size, slots: map.slots.with(slot, swapChild(map.slots[slot]!, before, after, shift + BITS)) };
}

/** The map with `entry` added, or put in the place of its namesake. */
export function withChild<E extends Named>(map: Children<E>, entry: E, shift = 0): Children<E> {
  if (isLeaf(map)) {
    const at = map.findIndex((other) => other.name === entry.name);
    if (at >= 0) return map.with(at, entry);
    const grown = [...map, entry];
    return grown.length > LEAF_MAX && shift < LAST_SHIFT ? split(grown, shift) : grown;
  }
  const slot = slotOf(entry.name, shift);
  const before = map.slots[slot] ?? EMPTY;
  const after = withChild<E>(before, entry, shift + BITS);
  return { size: map.size - countChildren(before) + countChildren(after), slots: map.slots.with(slot, after) };
}

function split<E extends Named>(entries: readonly E[], shift: number): Branch<E> {
  const slots: (Children<E> | undefined)[] = Array.from({ length: FANOUT }, () => undefined);
  for (const entry of entries) {
    const slot = slotOf(entry.name, shift);
    slots[slot] = withChild<E>(slots[slot] ?? EMPTY, entry, shift + BITS);
  }
  return { size: entries.length, slots };
}

/** The map without the entry of that name; the same map if there was none. */
export function withoutChild<E extends Named>(map: Children<E>, name: string, shift = 0): Children<E> {
  if (isLeaf(map)) {
    const entries = map.filter((entry) => entry.name !== name);
    return entries.length === map.length ? map : entries;
  }
  const slot = slotOf(name, shift);
  const before = map.slots[slot];
  if (before === undefined) return map;
  const after = withoutChild(before, name, shift + BITS);
  if (after === before) return map;
  const branch = { size: map.size - 1, slots: map.slots.with(slot, countChildren(after) === 0 ? undefined : after) };
  return branch.size <= MERGE_AT ? [...eachChild(branch)] : branch;
}

/** Every entry once, in no useful order. */
export function* eachChild<E extends Named>(map: Children<E>): Generator<E> {
  if (isLeaf(map)) yield* map;
  else for (const slot of map.slots) if (slot !== undefined) yield* eachChild(slot);
}

/** What differs between two versions: pairs of namesakes, one of them missing where there was or is none. Costs what differs. */
export function* changedChildren<E extends Named>(
  before: Children<E>,
  after: Children<E>,
): Generator<readonly [before: E | undefined, after: E | undefined]> {
  if (before === after) return;
  if (!isLeaf(before) && !isLeaf(after)) {
    for (const [at, slot] of before.slots.entries()) yield* changedChildren(slot ?? EMPTY, after.slots[at] ?? EMPTY);
    return;
  }
  const now = new Map([...eachChild(after)].map((entry) => [entry.name, entry]));
  for (const entry of eachChild(before)) {
    const other = now.get(entry.name);
    now.delete(entry.name);
    if (other !== entry) yield [entry, other];
  }
  for (const entry of now.values()) yield [undefined, entry];
}
