// SPDX-License-Identifier: Apache-2.0
import { FEATURE, type StoreConnection, type StoreQuotas } from './contract.ts';
import type { Caller } from './permissions.ts';

export const ALL_FEATURES = Object.values(FEATURE).reduce((bits, bit) => bits | bit, 0);

/** A domain as the store knows it; its id may be used again, the record is not. */
export interface Domain extends Caller {
  target: Domain | undefined;
  /** Announced; before, it only exists in permission entries. */
  introduced: boolean;
  /** Its stopping was announced and it was not resumed since. */
  shutdown: boolean;
  /** Its limits: everybody's, but for those set for it alone. */
  readonly quotas: MutableQuotas;
  /** Bits that its ring page tells it (spec/primitives.md 1.8). */
  features: number;
  /** Running account, for quotas. */
  readonly usage: { nodes: number; watches: number; transactions: number };
  readonly connections: Set<OwnedConnection>;
}

/** A connection, with what happens to it along with its domain. */
export interface OwnedConnection extends StoreConnection {
  /** The domain is gone. */
  disown(): void;
  /** The domain was introduced again. */
  renew(): void;
}

/** Limits that `SET_QUOTA` may change. */
export type MutableQuotas = { -readonly [K in keyof StoreQuotas]: number };

export interface DomainTable {
  get(domid: number): Domain | undefined;
  /** As `get`, but a domain that exists outside becomes known by it. */
  find(domid: number): Domain | undefined;
  add(domid: number): Domain;
  /** Forgets the domain; nobody has it as target any longer. */
  delete(domain: Domain): void;
  readonly all: Iterable<Domain>;
}

/**
 * @param tick gives each new domain a generation above that of every node written before
 * @param exists tells of domains that were not introduced yet
 * @param quotas limits of those that have no others
 */
export function createDomainTable(
  tick: () => number,
  exists: (domid: number) => boolean,
  quotas: StoreQuotas,
): DomainTable {
  const known = new Map<number, Domain>();

  function add(domid: number): Domain {
    const domain: Domain = {
      domid,
      privileged: domid === 0,
      generation: tick(),
      target: undefined,
      introduced: domid === 0,
      shutdown: false,
      quotas: Object.create(quotas),
      features: ALL_FEATURES,
      usage: { nodes: 0, watches: 0, transactions: 0 },
      connections: new Set(),
    };
    known.set(domid, domain);
    return domain;
  }

  return {
    add,
    get: (domid) => known.get(domid),
    find: (domid) => known.get(domid) ?? (exists(domid) ? add(domid) : undefined),
    delete(domain) {
      known.delete(domain.domid);
      for (const other of known.values()) if (other.target === domain) other.target = undefined;
    },
    all: { [Symbol.iterator]: () => known.values() },
  };
}
