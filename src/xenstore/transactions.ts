// SPDX-License-Identifier: Apache-2.0
import { StoreError } from './contract.ts';
import { type Action, createHistory } from './history.ts';
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
  /** Runs an operation in it. @throws StoreError what the operation throws */
  run<T>(action: Action<T>): T;
  /** Merges the changes into `current`. @throws StoreError EAGAIN when something it rests on changed; ENOMEM when failed */
  commit(current: TreeNode): Commit;
}

/**
 * A private copy of the store as it was at the start: what others do meanwhile is not seen (spec/primitives.md 1.4).
 *
 * A commit is certain to be right when every node touched still has the generation it had in the snapshot, and a removed
 * subtree is the very same: then the changes are merged. Else all requests are asked again, of the present store: when each
 * gets the answer it had, nobody can tell that the transaction did not run just now, and that is what is committed. Otherwise
 * it is EAGAIN. What only read saw a consistent snapshot, and always commits.
 *
 * @param owned nodes of a domain outside of the transaction
 */
export function createTransaction(context: Context, snapshot: TreeNode, owned: (domid: number) => number): Transaction {
  const touched = new Map<string, Touch>();
  const modified = new Map<string, StorePath>();
  const removed = new Set<string>();
  const changes = new Map<string, Change>();
  const charges = new Map<number, number>();
  const history = createHistory();
  /** A refused operation: what is left must not be committed by somebody who did not look. */
  let failed = false;

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

  const transaction: Transaction = {
    root: snapshot,
    run(action) {
      try {
        return history.run(transaction, action);
      } catch (error) {
        if (error instanceof StoreError && error.errno === 'ENOSPC') failed = true;
        throw error;
      }
    },
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
      if (failed) throw new StoreError('ENOMEM', 'an operation of the transaction was refused');
      if (modified.size === 0) return { root: current, changes: [], charges };
      const same = [...touched.values()].every((touch) => unchanged(current, touch));
      if (!same || !ownersLive(transaction.root)) {
        const again = createTransaction(context, current, owned);
        if (current === snapshot || !history.repeat(again)) throw new StoreError('EAGAIN');
        return again.commit(current);
      }
      const root = current === snapshot ? transaction.root : merge(current, transaction.root);
      const seen = ({ path }: Change) =>
        lookup(current, path.parts) !== undefined || lookup(root, path.parts) !== undefined;
      return { root, changes: [...changes.values()].filter(seen), charges };
    },
  };
  return transaction;
}
