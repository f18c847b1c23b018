// SPDX-License-Identifier: Apache-2.0
import { type Deliver, DOMID_SELF, MAX_PAYLOAD, type StoreConnection, StoreError } from './contract.ts';
import type { Core } from './core.ts';
import type { Domain, OwnedConnection } from './domains.ts';
import { introduceDomain, releaseDomain } from './lifecycle.ts';
import * as operations from './operations.ts';
import { homeOf, parseNodePath, parsePath, type StorePath } from './paths.ts';
import { formatPerm, parsePerms } from './permissions.ts';
import { createTransactionTable } from './transaction-table.ts';
import { createWatchTable } from './watch-table.ts';
import type { Context, Workspace } from './workspace.ts';

type Operation<A extends readonly unknown[], T> = (context: Context, work: Workspace, path: StorePath, ...args: A) => T;

/**
 * A connection of a domain: checks what the caller says, finds the workspace, runs the operation.
 * @param closed called when the domain's death closes it
 * @param reintroduced called when the domain was introduced again
 */
export function createConnection(
  core: Core,
  domain: Domain,
  deliver: Deliver,
  closed: () => void,
  reintroduced: () => void,
): StoreConnection {
  const context = core.contextFor(domain);
  const transactions = createTransactionTable(core, domain);
  const watches = createWatchTable(core, domain, deliver);
  let open = true;

  function mustBeOpen(): void {
    if (!open) throw new StoreError('EIO', 'connection closed');
  }

  /** Order of checks: transaction id, path, then the operation's own. */
  function run<A extends readonly unknown[], T>(
    operation: Operation<A, T>,
    path: string,
    tx: number | undefined,
    ...args: A
  ): T {
    mustBeOpen();
    return transactions.within(tx ?? 0, (work) =>
      operation(context, work, parseNodePath(path, domain.domid, domain.quotas['path-max']), ...args),
    );
  }

  function mustBeControl(): void {
    mustBeOpen();
    if (!domain.privileged) throw new StoreError('EACCES', 'domain 0 only');
  }

  /** The domain a privileged operation is about; not domain 0. */
  function introduced(domid: number): Domain {
    mustBeControl();
    if (domid === 0) throw new StoreError('EINVAL', 'domain 0');
    const found = core.domains.get(domid);
    if (found === undefined || !found.introduced) throw new StoreError('ENOENT', `no domain ${domid}`);
    return found;
  }

  function close(): void {
    if (!open) return;
    connection.resetWatches();
    open = false;
    domain.connections.delete(connection);
  }

  const connection = {
    domid: domain.domid,
    get closed() {
      return !open;
    },

    read: (path, tx) => run(operations.read, path, tx),
    write(path, value, tx) {
      if (value.length > MAX_PAYLOAD) throw new StoreError('E2BIG', 'value');
      if (/[^\0-\xff]/.test(value)) throw new StoreError('EINVAL', 'value is not bytes');
      run(operations.write, path, tx, value);
    },
    mkdir: (path, tx) => run(operations.mkdir, path, tx),
    rm: (path, tx) => run(operations.rm, path, tx),
    directory: (path, tx) => run(operations.directory, path, tx),
    listing: (path, tx) => run(operations.listing, path, tx),
    getPerms(path, tx) {
      mustBeOpen();
      const special = path.startsWith('@') && !tx;
      const perms = special ? core.specials.getPerms(path, domain) : run(operations.getPerms, path, tx);
      return perms.map(formatPerm);
    },
    setPerms(path, perms, tx) {
      mustBeOpen();
      const parsed = parsePerms(perms);
      if (path.startsWith('@') && !tx) core.specials.setPerms(path, parsed, domain);
      else run(operations.setPerms, path, tx, parsed);
    },

    watch(path, token, depth) {
      mustBeOpen();
      watches.add(parsePath(path, domain.domid, domain.quotas['path-max']), path, token, depth);
    },
    unwatch(path, token) {
      mustBeOpen();
      watches.delete(parsePath(path, domain.domid, domain.quotas['path-max']), token);
    },
    resetWatches() {
      mustBeOpen();
      watches.clear();
      transactions.clear();
    },

    needTransaction(tx) {
      mustBeOpen();
      transactions.need(tx);
    },
    mustWait: (goOn) => open && core.turns.mustWait(domain, goOn),
    transactionStart(tx) {
      mustBeOpen();
      return transactions.start(tx ?? 0);
    },
    transactionEnd(tx, commit) {
      mustBeOpen();
      transactions.end(tx, commit);
    },

    getDomainPath(domid) {
      mustBeOpen();
      return homeOf(domid === DOMID_SELF ? domain.domid : domid);
    },
    introduce(domid) {
      mustBeControl();
      if (!core.mayIntroduce(domid)) throw new StoreError('ENOENT', `no domain ${domid}`);
      introduceDomain(core, domid);
    },
    release: (domid) => releaseDomain(core, introduced(domid).domid),
    isIntroduced(domid) {
      mustBeControl();
      return domid === DOMID_SELF || core.domains.get(domid)?.introduced === true;
    },
    resume(domid) {
      introduced(domid).shutdown = false;
    },
    setTarget(domid, target) {
      introduced(domid).target = introduced(target);
    },

    drain: watches.drain,
    close,
    disown() {
      close();
      closed();
    },
    renew() {
      connection.resetWatches();
      reintroduced();
    },
  } satisfies OwnedConnection;

  domain.connections.add(connection);
  return connection;
}
