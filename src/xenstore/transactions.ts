// SPDX-License-Identifier: Apache-2.0
import { StoreError } from './contract.ts';
import type { StorePath } from './paths.ts';
import { ownerOf } from './permissions.ts';
import { enforce } from './quotas.ts';
import { cut, lookup, put, type TreeNode } from './tree.ts';
import type { Change, Context, Workspace } from './workspace.ts';

/** What a node was, in the snapshot, when the transaction first came to depend on it. */
interface Touch {
  readonly path: StorePath;
  readonly node: TreeNode | undefined;
  /** Everything below counts too. */
  readonly whole: boolean;
}

/** What a commit does to the store. */
export interface Commit {
  readonly root: TreeNode;
  /** In the order in which the nodes were first changed; those that came and went are left out. */
  readonly changes: readonly Change[];
  /** Nodes gained or lost per owner. */
  readonly charges: ReadonlyMap<number, number>;
}

export interface Transaction extends Workspace {
  /** Set after a refused operation: what is left must not be committed by somebody who did not look. */
  failed: boolean;
  /** Merges the changes into `current`. @throws StoreError EAGAIN when something it rests on changed; ENOMEM when failed */
  commit(current: TreeNode): Commit;
}

/**
 * A private copy of the store as it was at the start: what others do meanwhile is not seen (spec/primitives.md 1.4).
 *
 * Conflicts are the C daemon's: every node touched must still have the generation it had in the snapshot, a removed subtree
 * must be the very same. One difference: what only read saw a consistent snapshot, so it always commits.
 *
 * @param owned nodes of a domain outside of the transaction
 */
export function createTransaction(context: Context, snapshot: TreeNode, owned: (domid: number) => number): Transaction {
  const touched = new Map<string, Touch>();
  const modified = new Map<string, StorePath>();
  const removed = new Set<string>();
  const changes = new Map<string, Change>();
  const charges = new Map<number, number>();

  function unchanged(current: TreeNode, { path, node, whole }: Touch): boolean {
    const now = lookup(current, path.parts);
    return whole ? now === node : now?.generation === node?.generation;
  }

  /** A domain that was made an owner may have died, or have been replaced by a namesake, before the commit. */
  function ownersLive(root: TreeNode): boolean {
    return [...modified.values()].every(({ parts }) => {
      const node = lookup(root, parts);
      if (node === undefined) return true;
      const owner = context.domains.get(ownerOf(node.perms));
      return owner !== undefined && owner.generation <= node.generation;
    });
  }

  /** Brings own nodes into a tree in which others changed other nodes. Parents come first: their paths are shorter. */
  function merge(current: TreeNode, mine: TreeNode): TreeNode {
    const paths = [...modified.values()].sort((a, b) => a.parts.length - b.parts.length);
    let root = current;
    for (const { text, parts } of paths) {
      const node = lookup(mine, parts);
      const theirs = lookup(root, parts);
      if (node === undefined) root = theirs === undefined ? root : cut(root, parts);
      else if (theirs === undefined || removed.has(text)) root = put(root, parts, node);
      else root = put(root, parts, { ...node, children: theirs.children });
    }
    return root;
  }

  return {
    root: snapshot,
    failed: false,
    touch(path, whole = false) {
      const before = touched.get(path.text);
      if (before === undefined) enforce(context.quotas, 'transaction-nodes', context.caller, touched.size + 1);
      if (before?.whole) return;
      touched.set(path.text, { path, node: before?.node ?? lookup(snapshot, path.parts), whole });
    },
    modified(path) {
      modified.set(path.text, path);
    },
    removed(path) {
      modified.set(path.text, path);
      removed.add(path.text);
    },
    event(change) {
      const whole = change.whole || changes.get(change.path.text)?.whole === true;
      changes.set(change.path.text, { path: change.path, whole });
    },
    owned: (domid) => owned(domid) + (charges.get(domid) ?? 0),
    charge(domid, nodes) {
      charges.set(domid, (charges.get(domid) ?? 0) + nodes);
    },
    commit(current) {
      if (this.failed) throw new StoreError('ENOMEM', 'an operation of the transaction was refused');
      if (modified.size === 0) return { root: current, changes: [], charges };
      const same = [...touched.values()].every((touch) => unchanged(current, touch));
      if (!same || !ownersLive(this.root)) throw new StoreError('EAGAIN');
      const root = current === snapshot ? this.root : merge(current, this.root);
      const seen = ({ path }: Change) =>
        lookup(current, path.parts) !== undefined || lookup(root, path.parts) !== undefined;
      return { root, changes: [...changes.values()].filter(seen), charges };
    },
  };
}
