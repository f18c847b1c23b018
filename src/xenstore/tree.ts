// SPDX-License-Identifier: Apache-2.0
import {
  type Children,
  countChildren,
  eachChild,
  getChild,
  noChildren,
  swapChild,
  withChild,
  withoutChild,
} from './children.ts';
import type { Listing } from './contract.ts';
import type { Perms } from './permissions.ts';

/**
 * A node and, by its children, everything below. Never changed: a change makes new nodes along the path from the root and
 * shares the rest, so keeping an old root *is* a snapshot.
 */
export interface TreeNode {
  /** Last component of its path, empty for the root. */
  readonly name: string;
  /** Binary string: one character per byte. */
  readonly value: string;
  readonly perms: Perms;
  /** The store's counter when this node or its list of children last changed (not when something deeper did). */
  readonly generation: number;
  /** The store's counter when it was created: children are listed by it. */
  readonly created: number;
  readonly children: Children<TreeNode>;
}

/** A node without children. */
export function makeNode(name: string, value: string, perms: Perms, generation: number): TreeNode {
  return { name, value, perms, generation, created: generation, children: noChildren() };
}

/**
 * The deepest existing node on the way to `parts`.
 * @returns the node and how many components lead to it: all of them when the wanted node exists
 */
export function nearest(root: TreeNode, parts: readonly string[]): { node: TreeNode; depth: number } {
  let node = root;
  for (let depth = 0; depth < parts.length; depth++) {
    const child = getChild(node.children, parts[depth]!);
    if (child === undefined) return { node, depth };
    node = child;
  }
  return { node, depth: parts.length };
}

/** The node after `depth` components (default: all), or undefined. */
export function lookup(root: TreeNode, parts: readonly string[], depth = parts.length): TreeNode | undefined {
  let node: TreeNode | undefined = root;
  for (let i = 0; i < depth && node !== undefined; i++) node = getChild(node.children, parts[i]!);
  return node;
}

/** The nodes from the root to the parent of `parts`; undefined when one is missing. */
function trail(root: TreeNode, parts: readonly string[]): TreeNode[] | undefined {
  const nodes = [root];
  for (const part of parts.slice(0, -1)) {
    const next = getChild(nodes.at(-1)!.children, part);
    if (next === undefined) return undefined;
    nodes.push(next);
  }
  return nodes;
}

/** A new root in which `node` is a child of the last of `nodes`, a trail; their own fields stay. */
function rebuild(nodes: readonly TreeNode[], node: TreeNode): TreeNode {
  return nodes.reduceRight((child, parent, at) => {
    const before = nodes[at + 1];
    const { children } = parent;
    return { ...parent, children: before ? swapChild(children, before, child) : withChild(children, child) };
  }, node);
}

/** A new root with `node`, and what it has below, at `parts`; its parent must exist. */
export function put(root: TreeNode, parts: readonly string[], node: TreeNode): TreeNode {
  if (parts.length === 0) return node;
  const nodes = trail(root, parts);
  if (nodes === undefined) throw new Error(`no parent for /${parts.join('/')}`);
  return rebuild(nodes, node);
}

/** A new root without the node at `parts` (not the root) and all below; the same root if it was missing. */
export function cut(root: TreeNode, parts: readonly string[]): TreeNode {
  const nodes = trail(root, parts);
  const parent = nodes?.pop();
  if (nodes === undefined || parent === undefined) return root;
  const children = withoutChild(parent.children, parts.at(-1)!);
  return children === parent.children ? root : rebuild(nodes, { ...parent, children });
}

/** Names of a node's children in the order of their creation. */
export function childNames(node: TreeNode): string[] {
  return [...eachChild(node.children)].sort((a, b) => a.created - b.created).map((child) => child.name);
}

/** Below so many children their list is made faster than it is found again. */
const LONG = 128;
const listings = new WeakMap<TreeNode, Listing>();

/** The node's children as one text; remembered for long ones, which are asked for part by part. */
export function listingOf(node: TreeNode): Listing {
  const known = countChildren(node.children) < LONG ? undefined : listings.get(node);
  if (known !== undefined) return known;
  const names = childNames(node);
  const made = { generation: node.generation, names: names.length === 0 ? '' : `${names.join('\0')}\0` };
  if (names.length >= LONG) listings.set(node, made);
  return made;
}

/** Calls `visit` for `node` and everything below; when it returns false, not for what is below that node. */
export function walk(
  node: TreeNode,
  parts: readonly string[],
  visit: (node: TreeNode, parts: readonly string[]) => boolean,
): void {
  const open = [{ node, parts }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (!visit(next.node, next.parts)) continue;
    for (const child of eachChild(next.node.children)) open.push({ node: child, parts: [...next.parts, child.name] });
  }
}
