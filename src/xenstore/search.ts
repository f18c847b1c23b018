// SPDX-License-Identifier: Apache-2.0
import { eachChild, getChild } from './children.ts';
import type { FoundNode } from './contract.ts';
import type { TreeNode } from './tree.ts';

/** A found node as its own subtree knows it: where it is depends on what is above. */
interface Hit {
  /** From the subtree's root, whose own is empty. A text, as a name in front of it costs the same however deep it leads. */
  readonly path: string;
  readonly node: TreeNode;
}

const NOTHING: readonly Hit[] = [];

/**
 * Looks for nodes that have children of all these names. Trees share what did not change, so what was looked through once is
 * not looked through again: a search costs what has changed since the one before.
 */
export function createSearch(names: readonly string[]): (root: TreeNode) => readonly FoundNode[] {
  const known = new WeakMap<TreeNode, readonly Hit[]>();

  function hitsIn(node: TreeNode): readonly Hit[] {
    const before = known.get(node);
    if (before !== undefined) return before;
    const hits: Hit[] = [];
    if (names.every((name) => getChild(node.children, name) !== undefined)) hits.push({ path: '', node });
    for (const child of eachChild(node.children)) {
      for (const { path, node: found } of hitsIn(child)) hits.push({ path: `/${child.name}${path}`, node: found });
    }
    const found = hits.length === 0 ? NOTHING : hits;
    known.set(node, found);
    return found;
  }

  return (root) =>
    hitsIn(root).map(({ path, node }) => ({
      path: path || '/',
      owner: getChild(node.children, names[0]!)!.perms[0].domid,
      values: names.map((name) => getChild(node.children, name)!.value),
    }));
}
