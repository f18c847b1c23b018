// SPDX-License-Identifier: Apache-2.0
import { StoreError } from '../../src/xenstore/contract.ts';

/** A store as slow and plain as can be, from spec/primitives.md 1.2 to 1.5: a flat map of paths, copied for snapshots. */
interface Node {
  value: string;
  perms: readonly string[];
  version: number;
  born: number;
}
type Tree = Map<string, Node>;

interface Watch {
  path: string;
  token: string;
  depth: number | undefined;
}

interface Transaction {
  base: Tree;
  tree: Tree;
  /** Paths whose version must not have changed, including paths that were missing. */
  rests: Set<string>;
  writes: Set<string>;
  events: Map<string, boolean>;
}

export interface ModelConnection {
  readonly events: string[];
  read(path: string, tx?: number): string;
  write(path: string, value: string, tx?: number): void;
  mkdir(path: string, tx?: number): void;
  rm(path: string, tx?: number): void;
  directory(path: string, tx?: number): string[];
  getPerms(path: string, tx?: number): readonly string[];
  setPerms(path: string, perms: readonly string[], tx?: number): void;
  watch(path: string, token: string, depth?: number): void;
  unwatch(path: string, token: string): void;
  transactionStart(): number;
  transactionEnd(tx: number, commit: boolean): void;
}

const fail = (errno: ConstructorParameters<typeof StoreError>[0]): never => {
  throw new StoreError(errno);
};
const parentOf = (path: string) => path.slice(0, path.lastIndexOf('/')) || '/';
const isBelow = (path: string, top: string) => path !== top && path.startsWith(top === '/' ? '/' : `${top}/`);
const depthOf = (path: string) => (path === '/' ? 0 : path.split('/').length - 1);
const copy = (tree: Tree): Tree => new Map([...tree].map(([path, node]) => [path, { ...node }]));

/** @param living domains besides 0; nobody comes or goes */
export function createModel(living: readonly number[]) {
  let clock = 0;
  const node = (value: string, perms: readonly string[]): Node => ({ value, perms, version: ++clock, born: clock });
  let tree: Tree = new Map([
    ['/', node('', ['n0'])],
    ['/tool', node('', ['n0'])],
    ['/tool/xenstored', node('', ['n0'])],
  ]);
  const everyone: { domid: number; watches: Watch[]; events: string[] }[] = [];

  /** Letters a domain has on a node: first matching later entry, else the first. */
  function may(domid: number, { perms }: Node, wanted: string): boolean {
    const owner = Number(perms[0]!.slice(1));
    if (domid === 0 || domid === owner) return true;
    const letter = (perms.slice(1).find((perm) => Number(perm.slice(1)) === domid) ?? perms[0]!)[0]!;
    return letter === 'b' || letter === wanted;
  }

  function nearest(at: Tree, path: string): string {
    let existing = path;
    while (!at.has(existing)) existing = parentOf(existing);
    return existing;
  }

  function tell(path: string, removed: boolean, before: Tree, after: Tree): void {
    for (const { domid, watches, events } of everyone) {
      const hears = (changed: string) =>
        [before, after].some((at) =>
          [changed, parentOf(changed)].some((each) => at.has(each) && may(domid, at.get(each)!, 'r')),
        );
      for (const watch of watches) {
        const covers = watch.path === path || isBelow(path, watch.path);
        const near = watch.depth === undefined || depthOf(path) - depthOf(watch.path) <= watch.depth;
        if (covers && near && hears(path)) events.push(`${path} ${watch.token}`);
        const gone = removed && isBelow(watch.path, path) && before.has(watch.path) && !after.has(watch.path);
        if (gone && hears(watch.path)) events.push(`${watch.path} ${watch.token}`);
      }
    }
  }

  function connect(domid: number): ModelConnection {
    const me = { domid, watches: [] as Watch[], events: [] as string[] };
    everyone.push(me);
    const open = new Map<number, Transaction>();
    let lastId = 0;

    /** Runs an operation on the tree or a transaction's copy. */
    function within<T>(tx: number, action: (at: Tree, notes: Transaction) => T): T {
      if (tx !== 0) return action((open.get(tx) ?? fail('ENOENT')).tree, open.get(tx) ?? fail('ENOENT'));
      const before = copy(tree);
      const notes: Transaction = { base: before, tree, rests: new Set(), writes: new Set(), events: new Map() };
      const result = action(tree, notes);
      for (const [path, removed] of notes.events) tell(path, removed, before, tree);
      return result;
    }

    function seek(at: Tree, notes: Transaction, path: string, wanted: string): Node | undefined {
      notes.rests.add(path);
      if (!may(domid, at.get(nearest(at, path))!, wanted)) fail('EACCES');
      return at.get(path);
    }

    function touchParent(at: Tree, notes: Transaction, path: string): void {
      const parent = parentOf(path);
      notes.rests.add(parent);
      notes.writes.add(parent);
      at.get(parent)!.version = ++clock;
    }

    function create(at: Tree, notes: Transaction, path: string, value: string): void {
      const parent = parentOf(path);
      if (!at.has(parent)) create(at, notes, parent, '');
      const [first, ...others] = at.get(parent)!.perms;
      const perms = domid === 0 ? [first!, ...others] : [`${first![0]}${domid}`, ...others];
      touchParent(at, notes, path);
      notes.rests.add(path);
      notes.writes.add(path);
      at.set(path, node(value, perms));
    }

    return {
      events: me.events,
      read: (path, tx = 0) => within(tx, (at, notes) => (seek(at, notes, path, 'r') ?? fail('ENOENT')).value),
      directory: (path, tx = 0) =>
        within(tx, (at, notes) => {
          if (seek(at, notes, path, 'r') === undefined) fail('ENOENT');
          return [...at]
            .filter(([each]) => each !== '/' && parentOf(each) === path)
            .sort(([, a], [, b]) => a.born - b.born)
            .map(([each]) => each.slice(each.lastIndexOf('/') + 1));
        }),
      getPerms: (path, tx = 0) => within(tx, (at, notes) => (seek(at, notes, path, 'r') ?? fail('ENOENT')).perms),
      write: (path, value, tx = 0) =>
        within(tx, (at, notes) => {
          const existing = seek(at, notes, path, 'w');
          if (existing === undefined) create(at, notes, path, value);
          else Object.assign(existing, { value, version: ++clock });
          notes.writes.add(path);
          notes.events.set(path, notes.events.get(path) ?? false);
        }),
      mkdir: (path, tx = 0) =>
        within(tx, (at, notes) => {
          if (seek(at, notes, path, 'w') !== undefined) return;
          create(at, notes, path, '');
          notes.events.set(path, notes.events.get(path) ?? false);
        }),
      rm: (path, tx = 0) =>
        within(tx, (at, notes) => {
          if (path === '/') fail('EINVAL');
          if (seek(at, notes, path, 'w') === undefined) {
            if (!at.has(parentOf(path))) fail('ENOENT');
            return;
          }
          for (const each of new Set([...notes.base.keys(), ...at.keys()])) {
            if (each !== path && !isBelow(each, path)) continue;
            notes.rests.add(each);
            notes.writes.add(each);
            at.delete(each);
          }
          touchParent(at, notes, path);
          notes.events.set(path, true);
        }),
      setPerms: (path, perms, tx = 0) =>
        within(tx, (at, notes) => {
          const found = seek(at, notes, path, 'w') ?? fail('ENOENT');
          const [before, after] = [found.perms[0]!, perms[0]!].map((perm) => Number(perm.slice(1)));
          if (domid !== 0 && before !== domid) fail('EACCES');
          if (domid !== 0 && before !== after) fail('EPERM');
          if (![0, ...living].includes(after!)) fail('ENOENT');
          Object.assign(found, { perms, version: ++clock });
          notes.writes.add(path);
          notes.events.set(path, notes.events.get(path) ?? false);
        }),
      watch(path, token, depth) {
        if (me.watches.some((watch) => watch.path === path && watch.token === token)) fail('EEXIST');
        me.watches.push({ path, token, depth });
        me.events.push(`${path} ${token}`);
      },
      unwatch(path, token) {
        const at = me.watches.findIndex((watch) => watch.path === path && watch.token === token);
        if (at < 0) fail('ENOENT');
        me.watches.splice(at, 1);
      },
      transactionStart() {
        const base = copy(tree);
        open.set(++lastId, { base, tree: copy(tree), rests: new Set(), writes: new Set(), events: new Map() });
        return lastId;
      },
      transactionEnd(tx, commit) {
        const done = open.get(tx) ?? fail('ENOENT');
        open.delete(tx);
        if (!commit || done.writes.size === 0) return;
        const version = (at: Tree, path: string) => at.get(path)?.version;
        if ([...done.rests].some((path) => version(tree, path) !== version(done.base, path))) fail('EAGAIN');
        // New nodes below a removed one were seen by nobody but conflict all the same.
        const removed = [...done.events].filter(([, whole]) => whole).map(([path]) => path);
        for (const path of tree.keys()) {
          if (removed.some((top) => isBelow(path, top)) && !done.base.has(path)) fail('EAGAIN');
        }
        const before = tree;
        tree = copy(tree);
        for (const path of done.writes) {
          const mine = done.tree.get(path);
          if (mine === undefined) tree.delete(path);
          else tree.set(path, mine);
        }
        for (const [path, whole] of done.events) {
          if (before.has(path) || tree.has(path)) tell(path, whole, before, tree);
        }
      },
    };
  }

  return {
    connect,
    owned: (domid: number) => [...tree.values()].filter(({ perms }) => Number(perms[0]!.slice(1)) === domid).length,
  };
}
