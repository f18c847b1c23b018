// SPDX-License-Identifier: Apache-2.0
import type { StoreOptions } from './contract.ts';
import { createDomainTable, type Domain, type DomainTable, type MutableQuotas } from './domains.ts';
import { mkdir } from './operations.ts';
import { pathOf } from './paths.ts';
import { NONE } from './permissions.ts';
import { DEFAULT_QUOTAS } from './quotas.ts';
import { createSpecialNodes, type SpecialNodes } from './specials.ts';
import { makeNode, type TreeNode } from './tree.ts';
import { createTurns, type Turns } from './turns.ts';
import { createWatchIndex, type WatchIndex } from './watches.ts';
import type { Change, Context, Workspace } from './workspace.ts';

/** The store's state, shared by its connections and the domain life cycle; nobody else sees it. */
export interface Core {
  readonly quotas: MutableQuotas;
  readonly domains: DomainTable;
  readonly watches: WatchIndex;
  readonly specials: SpecialNodes;
  readonly turns: Turns;
  /** Domain 0, in whose name the store itself acts. */
  readonly control: Domain;
  /** The present tree. */
  readonly root: TreeNode;
  /** Next value of the counter that generations are taken from. */
  readonly tick: () => number;
  contextFor(caller: Domain): Context;
  /** Runs an operation on the store itself, then tells the watches. */
  direct<T>(action: (work: Workspace) => T): T;
  /** Makes a commit the present tree, then tells the watches. */
  adopt(root: TreeNode, changes: readonly Change[], charges: ReadonlyMap<number, number>): void;
  /** Delivers what was queued. @param connection has something queued */
  wake(drain: () => void): void;
  deliver(): void;
  /** Runs `action` as one step: what it queues is delivered when it is done. */
  batch(action: () => void): void;
  /** Whether domain 0 may introduce the domain. */
  mayIntroduce(domid: number): boolean;
}

/** An empty store: the root, owned by domain 0, with `/tool/xenstored`. */
export function createCore(options: StoreOptions): Core {
  let counter = 0;
  const tick = () => ++counter;
  const quotas: MutableQuotas = { ...DEFAULT_QUOTAS, ...options.quotas };
  const domains = createDomainTable(tick, options.domainExists ?? (() => false), quotas);
  const control = domains.add(0);
  const watches = createWatchIndex();

  const awake = new Set<() => void>();
  let delivering = false;
  let changes: Change[] = [];

  const work: Workspace = {
    root: makeNode('', '', [{ domid: 0, access: NONE }], tick()),
    touch: () => {},
    modified: () => {},
    removed: () => {},
    event: (change) => void changes.push(change),
    owned: (domid) => domains.get(domid)?.usage.nodes ?? 0,
    charge(domid, nodes) {
      const domain = domains.get(domid);
      if (domain !== undefined) domain.usage.nodes += nodes;
    },
  };
  work.charge(0, 1);

  /** Receivers may call the store again: what that queues is delivered by the call already under way, in order. */
  function deliver(): void {
    if (delivering) return;
    delivering = true;
    try {
      for (const drain of awake) {
        awake.delete(drain);
        drain();
      }
    } finally {
      delivering = false;
    }
  }

  function tell(told: readonly Change[], before: TreeNode): void {
    if (told.length === 0) return;
    for (const change of told) watches.fire(change, before, work.root);
    deliver();
  }

  /** The end of each step: what is kept of it is safe before anybody hears of it. */
  function finish(told: readonly Change[], before: TreeNode): void {
    try {
      if (work.root !== before) options.keeper?.record(before, work.root);
    } finally {
      tell(told, before);
    }
  }

  const core: Core = {
    quotas,
    domains,
    watches,
    specials: createSpecialNodes(domains, tick),
    turns: createTurns(),
    control,
    get root() {
      return work.root;
    },
    tick,
    contextFor: (domain) => ({ caller: domain, quotas: domain.quotas, domains, tick }),
    direct(action) {
      const before = work.root;
      const result = action(work);
      const told = changes;
      if (told.length > 0) changes = [];
      finish(told, before);
      return result;
    },
    adopt(root, told, charges) {
      const before = work.root;
      work.root = root;
      for (const [domid, nodes] of charges) work.charge(domid, nodes);
      finish(told, before);
    },
    wake: (drain) => void awake.add(drain),
    deliver,
    batch(action) {
      const outer = delivering;
      delivering = true;
      try {
        action();
      } finally {
        delivering = outer;
      }
      deliver();
    },
    mayIntroduce: (domid) => options.domainExists === undefined || domains.find(domid) !== undefined,
  };
  mkdir(core.contextFor(control), work, pathOf(['tool', 'xenstored']));
  changes = [];
  return core;
}
