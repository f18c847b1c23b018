// SPDX-License-Identifier: Apache-2.0
import { createConnection } from './connection.ts';
import { type Store, StoreError, type StoreOptions } from './contract.ts';
import { type Core, createCore } from './core.ts';
import { introduceDomain, releaseDomain, shutdownDomain } from './lifecycle.ts';
import { recount } from './recount.ts';
import { createSearch } from './search.ts';
import { createSettings } from './settings.ts';

/**
 * A new store with the root, `/tool/xenstored` and domain 0, and with what its keeper kept.
 * @throws XmError `ESTATE` when that is damaged
 */
export function createStore(options: StoreOptions = {}): Store {
  const core = createCore(options);
  const store = storeOf(core);
  if (options.keeper !== undefined) {
    const dom0 = store.connect(0, () => true);
    options.keeper.restore(dom0);
    dom0.close();
    options.keeper.begin(core.root);
  }
  return store;
}

function storeOf(core: Core): Store {
  const searches = new Map<string, ReturnType<typeof createSearch>>();
  return {
    quotas: core.quotas,
    connect(domid, deliver, closed = () => {}, reintroduced = () => {}) {
      const domain = core.domains.get(domid);
      if (domain === undefined || !domain.introduced) throw new StoreError('ENOENT', `no domain ${domid}`);
      return createConnection(core, domain, deliver, closed, reintroduced);
    },
    introduceDomain: (domid) => introduceDomain(core, domid),
    releaseDomain: (domid) => releaseDomain(core, domid),
    shutdownDomain: (domid) => shutdownDomain(core, domid),
    usage(domid) {
      const usage = core.domains.get(domid)?.usage;
      return usage && { ...usage };
    },
    totals() {
      const totals = { domains: 0, nodes: 0, watches: 0, transactions: 0 };
      for (const { usage } of core.domains.all) {
        totals.domains++;
        totals.nodes += usage.nodes;
        totals.watches += usage.watches;
        totals.transactions += usage.transactions;
      }
      return totals;
    },
    find(names) {
      const key = names.join('/');
      const search = searches.get(key) ?? createSearch(names);
      searches.set(key, search);
      return search(core.root);
    },
    ...createSettings(core),
    check: () => recount(core),
  };
}
