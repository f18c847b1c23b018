// SPDX-License-Identifier: Apache-2.0
import { changedChildren, getChild } from './children.ts';
import type { Kept } from './keeper-contract.ts';
import { pathOf } from './paths.ts';
import { ownerOf } from './permissions.ts';
import { type TreeNode, walk } from './tree.ts';

/** What has to be written down after a step. */
export type KeptChange =
  | { readonly kind: 'node'; readonly path: string; readonly node: TreeNode }
  /** Forget all from there down, then take what is there now. */
  | { readonly kind: 'subtree'; readonly path: string };

/** The rule what is kept, over trees. */
export interface KeptPart {
  /** What differs in it between two versions of the tree; costs what differs, not what is kept. */
  changed(before: TreeNode, after: TreeNode): readonly KeptChange[];
  /** Calls `visit` for all kept nodes at and below a path, each before what is below it. */
  each(root: TreeNode, path: string, visit: (node: TreeNode, path: string) => void): void;
}

const isWithin = (path: string, top: string): boolean => path === top || path.startsWith(`${top}/`);

/** Domain 0's. What is below another domain's node goes with that domain. */
const isOwn = (node: TreeNode | undefined): node is TreeNode => node !== undefined && ownerOf(node.perms) === 0;

export function createKeptPart({ below, except }: Kept): KeptPart {
  const isChosen = (path: string) =>
    below.some((top) => isWithin(path, top)) && !except.some((top) => isWithin(path, top));
  const topsIn = (path: string) => below.filter((top) => isWithin(top, path));

  return {
    changed(before, after) {
      const found: KeptChange[] = [];
      const open: [path: string, was: TreeNode | undefined, is: TreeNode | undefined][] = [['', before, after]];
      for (let next = open.pop(); next !== undefined; next = open.pop()) {
        const [path, was, is] = next;
        const chosen = isChosen(path);
        const tops = chosen ? [path] : topsIn(path);
        if (tops.length === 0 || (!isOwn(was) && !isOwn(is))) continue;
        if (!isOwn(was) || !isOwn(is) || was.created !== is.created) {
          for (const top of tops) found.push({ kind: 'subtree', path: top });
          continue;
        }
        if (chosen && (was.value !== is.value || was.perms !== is.perms)) found.push({ kind: 'node', path, node: is });
        for (const [a, b] of changedChildren(was.children, is.children)) {
          open.push([`${path}/${(a ?? b)?.name}`, a, b]);
        }
      }
      return found;
    },
    each(root, path, visit) {
      const parts = path.slice(1).split('/');
      let top: TreeNode | undefined = root;
      for (const part of parts) top = isOwn(top) ? getChild(top.children, part) : undefined;
      if (top === undefined) return;
      walk(top, parts, (node, at) => {
        const { text } = pathOf(at);
        if (!isOwn(node) || !isChosen(text)) return false;
        visit(node, text);
        return true;
      });
    },
  };
}
