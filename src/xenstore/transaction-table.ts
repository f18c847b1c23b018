// SPDX-License-Identifier: Apache-2.0
import { StoreError } from './contract.ts';
import type { Core } from './core.ts';
import type { Domain } from './domains.ts';
import { enforce } from './quotas.ts';
import { createTransaction, type Transaction } from './transactions.ts';
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

  function named(id: number): Transaction {
    const transaction = open.get(id);
    if (transaction === undefined) throw new StoreError('ENOENT', `no transaction ${id}`);
    return transaction;
  }

  function drop(id: number): void {
    if (open.delete(id)) domain.usage.transactions--;
  }

  function freshId(): number {
    do lastId = lastId === LAST_ID ? 1 : lastId + 1;
    while (open.has(lastId));
    return lastId;
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
      return id;
    },

    end(id, commit) {
      const transaction = named(id);
      drop(id);
      if (!commit) return;
      const { root, changes, charges } = transaction.commit(core.root);
      const gained = charges.get(domain.domid) ?? 0;
      if (gained > 0) enforce(domain.quotas, 'nodes', domain, domain.usage.nodes + gained);
      core.adopt(root, changes, charges);
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
