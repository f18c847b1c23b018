// SPDX-License-Identifier: Apache-2.0
import { type Store, StoreError, type StoreQuotas } from './contract.ts';
import type { Core } from './core.ts';
import { ALL_FEATURES, type Domain } from './domains.ts';
import { DEFAULT_QUOTAS } from './quotas.ts';

/** What domain 0 may look up and change while the store runs: quotas and features by name and domid. */
export type Settings = Pick<Store, 'quota' | 'setQuota' | 'features' | 'setFeatures'>;

/** Bounds of memory rather than rights: they cannot be switched off. */
const NEVER_OFF: ReadonlySet<keyof StoreQuotas> = new Set(['outstanding', 'events']);

const isQuota = (name: string): name is keyof StoreQuotas => Object.hasOwn(DEFAULT_QUOTAS, name);

export function createSettings(core: Core): Settings {
  function known(domid: number): Domain {
    const domain = core.domains.find(domid);
    if (domain === undefined) throw new StoreError('ENOENT', `no domain ${domid}`);
    return domain;
  }

  function named(name: string): keyof StoreQuotas {
    if (!isQuota(name)) throw new StoreError('EINVAL', `no quota '${name}'`);
    return name;
  }

  const tableFor = (domid: number | undefined) => (domid === undefined ? core.quotas : known(domid).quotas);

  return {
    quota: (name, domid) => tableFor(domid)[named(name)],
    setQuota(name, value, domid) {
      const quota = named(name);
      if (value === 0 && NEVER_OFF.has(quota)) throw new StoreError('EINVAL', `quota '${name}' cannot be off`);
      tableFor(domid)[quota] = value;
    },
    features: (domid) => known(domid).features,
    setFeatures(domid, bits) {
      const domain = known(domid);
      if ((bits & ~ALL_FEATURES) !== 0) throw new StoreError('EINVAL', `features ${bits}`);
      if (domain.introduced) throw new StoreError('EBUSY', `domain ${domid} is introduced`);
      domain.features = bits;
    },
  };
}
