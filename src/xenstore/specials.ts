// SPDX-License-Identifier: Apache-2.0
import { DOMID_ANY, StoreError } from './contract.ts';
import type { DomainTable } from './domains.ts';
import type { Caller } from './permissions.ts';
import { NONE, ownerOf, type Perms, READ, rightsOf, settle } from './permissions.ts';

export const INTRODUCE = '@introduceDomain';
export const RELEASE = '@releaseDomain';

/** The permissions of the special watch paths: who hears of domains coming and going (spec/primitives.md 1.3). */
export interface SpecialNodes {
  /** @throws StoreError ENOENT for an unknown name, EACCES without read rights */
  getPerms(name: string, caller: Caller): Perms;
  /** Domain 0 only. @throws StoreError EACCES, ENOENT */
  setPerms(name: string, perms: Perms, caller: Caller): void;
  mayWatch(name: string, caller: Caller): boolean;
}

interface Special {
  readonly perms: Perms;
  readonly generation: number;
}

/** Everybody may watch domains go, only domain 0 sees them come: as in the newest C daemon. */
export function createSpecialNodes(domains: DomainTable, tick: () => number): SpecialNodes {
  const nodes = new Map<string, Special>([
    [INTRODUCE, { perms: [{ domid: 0, access: NONE }], generation: tick() }],
    [
      RELEASE,
      {
        perms: [
          { domid: 0, access: NONE },
          { domid: DOMID_ANY, access: READ },
        ],
        generation: tick(),
      },
    ],
  ]);

  function named(name: string): Special {
    const node = nodes.get(name);
    if (node === undefined) throw new StoreError('ENOENT', name);
    return node;
  }

  const readable = ({ perms, generation }: Special, caller: Caller) =>
    (rightsOf(perms, generation, caller) & READ) !== 0;

  return {
    getPerms(name, caller) {
      const node = named(name);
      if (!readable(node, caller)) throw new StoreError('EACCES', name);
      return node.perms;
    },
    setPerms(name, perms, caller) {
      if (!caller.privileged) throw new StoreError('EACCES', name);
      named(name);
      for (const { domid } of perms) domains.find(domid);
      if (domains.get(ownerOf(perms)) === undefined) throw new StoreError('ENOENT', 'no such owner');
      const generation = tick();
      nodes.set(name, { perms: settle(perms, generation, (domid) => domains.get(domid)?.generation), generation });
    },
    mayWatch: (name, caller) => readable(named(name), caller),
  };
}
