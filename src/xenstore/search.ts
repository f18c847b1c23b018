// SPDX-License-Identifier: Apache-2.0
import { eachChild, getChild } from './children.ts';
import type { FoundNode } from './contract.ts';
import type { TreeNode } from './tree.ts';

/** A found node as its own subtree knows it: where it is depends on what is above. */
interface Hit {
  /** Names from the subtree's root, which is not among them. */
  readonly parts: readonly string[];
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
    if (names.every((name) => getChild(node.children, name) !== undefined)) hits.push({ parts: [], node });
    for (const child of eachChild(node.children)) {
      for (const { parts, node: found } of hitsIn(child)) hits.push({ parts: [child.name, ...parts], node: found });
    }
    const found = hits.length === 0 ? NOTHING : hits;
    known.set(node, found);
    return found;
  }

  return (root) =>
    hitsIn(root).map(({ parts, node }) => ({
      path: `/${parts.join('/')}`,
      owner: getChild(node.children, names[0]!)!.perms[0].domid,
      values: names.map((name) => getChild(node.children, name)!.value),
    }));
}
