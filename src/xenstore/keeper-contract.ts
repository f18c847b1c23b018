// SPDX-License-Identifier: Apache-2.0
import type { StoreConnection } from './contract.ts';
import type { TreeNode } from './tree.ts';

/** Keeps a part of the store where it survives the process. */
export interface StoreKeeper {
  /** Writes what the last process left into the store, as domain 0. @throws XmError `ESTATE` when it is damaged */
  restore(dom0: StoreConnection): void;
  /** From now on the tree is what is kept. @throws XmError `ESTATE` */
  begin(root: TreeNode): void;
  /**
   * A step of the store, before it is answered and before anybody hears of it: what it changed of the kept part is safe when
   * this returns.
   * @throws StoreError EIO when it is not; the next step that changes the kept part keeps all of it again
   */
  record(before: TreeNode, after: TreeNode): void;
  close(): void;
}

/** Which part is kept: what domain 0 owns, below nodes of domain 0. */
export interface Kept {
  /** Absolute paths; each with everything below. */
  readonly below: readonly string[];
  /** Left out, with everything below. */
  readonly except: readonly string[];
}
