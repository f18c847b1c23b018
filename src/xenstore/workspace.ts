// SPDX-License-Identifier: Apache-2.0
import type { StoreQuotas } from './contract.ts';
import type { DomainTable } from './domains.ts';
import type { StorePath } from './paths.ts';
import type { Caller } from './permissions.ts';
import type { TreeNode } from './tree.ts';

/** A node that watches have to hear of. */
export interface Change {
  readonly path: StorePath;
  /** It was removed with all below. */
  readonly whole: boolean;
}

/**
 * Where operations take effect: on the store itself or in a transaction's private copy. The operations say what they rest
 * on and what they did; only transactions keep notes of the first.
 */
export interface Workspace {
  root: TreeNode;
  /**
   * The outcome depends on the node (or its absence) and, when `whole`, on all below. Called before anything is changed.
   * @throws StoreError ENOSPC when a transaction touches too many nodes
   */
  touch(path: StorePath, whole?: boolean): void;
  /** The node was created or got other contents. */
  modified(path: StorePath): void;
  /** The node was removed with all below. */
  removed(path: StorePath): void;
  /** Watches have to hear of it. */
  event(change: Change): void;
  /** Nodes owned by a domain, as this workspace sees it. */
  owned(domid: number): number;
  charge(domid: number, nodes: number): void;
}

/** On whose behalf an operation runs, and by which rules. */
export interface Context {
  readonly caller: Caller;
  readonly quotas: StoreQuotas;
  readonly domains: DomainTable;
  /** The next value of the store's counter. */
  readonly tick: () => number;
}
