// SPDX-License-Identifier: Apache-2.0
import { StoreError } from './contract.ts';
import type { Core } from './core.ts';
import type { Domain } from './domains.ts';
import { enforce } from './quotas.ts';
import { type Commit, createTransaction, type Transaction } from './transactions.ts';
import { LOSSES } from './turns.ts';
import type { Workspace } from './workspace.ts';

/** The open transactions of one connection. */
export interface TransactionTable {
  /** @throws StoreError ENOSPC, EBUSY inside a transaction */
  start(inside: number): number;
  /** @throws StoreError ENOENT, EAGAIN, ENOMEM, ENOSPC */
  end(id: number, commit: boolean): void;
  /** @throws StoreError ENOENT unless there is such a transaction */
  need(id: number): void;
  /** Runs an operation in the transaction `id`, or on the store itself for 0. @throws StoreError ENOENT for a wrong id */
  within<T>(id: number, action: (work: Workspace) => T): T;
  clear(): void;
}

const LAST_ID = 0xffff_ffff;

export function createTransactionTable(core: Core, domain: Domain): TransactionTable {
  const open = new Map<number, Transaction>();
  const context = core.contextFor(domain);
  let lastId = 0;
  /** Commits in a row that failed because of others. */
  let losses = 0;
  /** The transaction that has the turn, and the end of that. */
  let turn: { readonly id: number; readonly end: () => void } | undefined;

  function named(id: number): Transaction {
    const transaction = open.get(id);
    if (transaction === undefined) throw new StoreError('ENOENT', `no transaction ${id}`);
    return transaction;
  }

  function drop(id: number): void {
    if (open.delete(id)) domain.usage.transactions--;
    if (turn?.id !== id) return;
    turn.end();
    turn = undefined;
  }

  function freshId(): number {
    do lastId = lastId === LAST_ID ? 1 : lastId + 1;
    while (open.has(lastId));
    return lastId;
  }

  function conclude(transaction: Transaction): void {
    const { root, changes, charges } = judged(transaction);
    const gained = charges.get(domain.domid) ?? 0;
    if (gained > 0) enforce(domain.quotas, 'nodes', domain, domain.usage.nodes + gained);
    core.adopt(root, changes, charges);
  }

  function judged(transaction: Transaction): Commit {
    try {
      const commit = transaction.commit(core.root);
      losses = 0;
      return commit;
    } catch (error) {
      if (error instanceof StoreError && error.errno === 'EAGAIN') losses++;
      throw error;
    }
  }

  return {
    need: named,

    start(inside) {
      if (inside !== 0) {
        named(inside);
        throw new StoreError('EBUSY', 'transactions do not nest');
      }
      enforce(domain.quotas, 'transactions', domain, domain.usage.transactions + 1);
      const id = freshId();
      open.set(
        id,
        createTransaction(context, core.root, (domid) => core.domains.get(domid)?.usage.nodes ?? 0),
      );
      domain.usage.transactions++;
      if (losses >= LOSSES && turn === undefined) {
        const end = core.turns.take(domain);
        if (end !== undefined) turn = { id, end };
      }
      return id;
    },

    end(id, commit) {
      const transaction = named(id);
      try {
        if (commit) conclude(transaction);
      } finally {
        // Who waits for the turn goes on after the commit.
        drop(id);
      }
    },

    within(id, action) {
      if (id === 0) return core.direct(action);
      return named(id).run(action);
    },

    clear() {
      for (const id of [...open.keys()]) drop(id);
    },
  };
}
