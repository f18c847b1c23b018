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
  /** Everything that was asked, with the answers. */
  asked: { action: (at: Tree, notes: Transaction) => unknown; answer: string }[];
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
const begin = (tree: Tree): Transaction => ({
  base: copy(tree),
  tree: copy(tree),
  asked: [],
  writes: new Set(),
  events: new Map(),
});

/** Result or errno, as a text. */
function answerOf(action: () => unknown): string {
  try {
    return JSON.stringify(action() ?? null);
  } catch (error) {
    if (error instanceof StoreError) return error.errno;
    throw error;
  }
}
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

  /** @param told what each watch heard of the same commit: equal events merge */
  function tell(path: string, removed: boolean, before: Tree, after: Tree, told = new Map<Watch, Set<string>>()): void {
    for (const { domid, watches, events } of everyone) {
      const hears = (changed: string) =>
        [before, after].some((at) =>
          [changed, parentOf(changed)].some((each) => at.has(each) && may(domid, at.get(each)!, 'r')),
        );
      for (const watch of watches) {
        const known = told.get(watch) ?? new Set();
        told.set(watch, known);
        const say = (at: string): void => {
          if (!known.has(at)) events.push(`${at} ${watch.token}`);
          known.add(at);
        };
        const covers = watch.path === path || isBelow(path, watch.path);
        const near = watch.depth === undefined || depthOf(path) - depthOf(watch.path) <= watch.depth;
        if (covers && near && hears(path)) say(path);
        const gone = removed && isBelow(watch.path, path) && before.has(watch.path) && !after.has(watch.path);
        if (gone && hears(watch.path)) say(watch.path);
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
      if (tx !== 0) {
        const notes = open.get(tx) ?? fail('ENOENT');
        notes.asked.push({ action, answer: answerOf(() => action(copy(notes.tree), begin(notes.tree))) });
        return action(notes.tree, notes);
      }
      const before = copy(tree);
      const notes: Transaction = { ...begin(before), base: before, tree };
      const result = action(tree, notes);
      for (const [path, removed] of notes.events) tell(path, removed, before, tree);
      return result;
    }

    function seek(at: Tree, path: string, wanted: string): Node | undefined {
      if (!may(domid, at.get(nearest(at, path))!, wanted)) fail('EACCES');
      return at.get(path);
    }

    function touchParent(at: Tree, notes: Transaction, path: string): void {
      const parent = parentOf(path);
      notes.writes.add(parent);
      at.get(parent)!.version = ++clock;
    }

    function create(at: Tree, notes: Transaction, path: string, value: string): void {
      const parent = parentOf(path);
      if (!at.has(parent)) create(at, notes, parent, '');
      const [first, ...others] = at.get(parent)!.perms;
      const perms = domid === 0 ? [first!, ...others] : [`${first![0]}${domid}`, ...others];
      touchParent(at, notes, path);
      notes.writes.add(path);
      at.set(path, node(value, perms));
    }

    return {
      events: me.events,
      read: (path, tx = 0) => within(tx, (at) => (seek(at, path, 'r') ?? fail('ENOENT')).value),
      directory: (path, tx = 0) =>
        within(tx, (at) => {
          if (seek(at, path, 'r') === undefined) fail('ENOENT');
          return [...at]
            .filter(([each]) => each !== '/' && parentOf(each) === path)
            .sort(([, a], [, b]) => a.born - b.born)
            .map(([each]) => each.slice(each.lastIndexOf('/') + 1));
        }),
      getPerms: (path, tx = 0) => within(tx, (at) => (seek(at, path, 'r') ?? fail('ENOENT')).perms),
      write: (path, value, tx = 0) =>
        within(tx, (at, notes) => {
          const existing = seek(at, path, 'w');
          if (existing === undefined) create(at, notes, path, value);
          else Object.assign(existing, { value, version: ++clock });
          notes.writes.add(path);
          notes.events.set(path, notes.events.get(path) ?? false);
        }),
      mkdir: (path, tx = 0) =>
        within(tx, (at, notes) => {
          if (seek(at, path, 'w') !== undefined) return;
          create(at, notes, path, '');
          notes.events.set(path, notes.events.get(path) ?? false);
        }),
      rm: (path, tx = 0) =>
        within(tx, (at, notes) => {
          if (path === '/') fail('EINVAL');
          if (seek(at, path, 'w') === undefined) {
            if (!at.has(parentOf(path))) fail('ENOENT');
            return;
          }
          for (const each of new Set([...notes.base.keys(), ...at.keys()])) {
            if (each !== path && !isBelow(each, path)) continue;
            notes.writes.add(each);
            at.delete(each);
          }
          touchParent(at, notes, path);
          notes.events.set(path, true);
        }),
      setPerms: (path, perms, tx = 0) =>
        within(tx, (at, notes) => {
          const found = seek(at, path, 'w') ?? fail('ENOENT');
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
        open.set(++lastId, begin(tree));
        return lastId;
      },
      transactionEnd(tx, commit) {
        const asked = open.get(tx) ?? fail('ENOENT');
        open.delete(tx);
        if (!commit || asked.writes.size === 0) return;
        // As if it ran now, all at once: right if nobody can tell the difference.
        const done = begin(tree);
        for (const { action, answer } of asked.asked) {
          if (answerOf(() => action(done.tree, done)) !== answer) fail('EAGAIN');
        }
        const before = tree;
        tree = copy(tree);
        for (const path of done.writes) {
          const mine = done.tree.get(path);
          if (mine === undefined) tree.delete(path);
          else tree.set(path, mine);
        }
        const told = new Map<Watch, Set<string>>();
        for (const [path, whole] of done.events) {
          if (before.has(path) || tree.has(path)) tell(path, whole, before, tree, told);
        }
      },
    };
  }

  return {
    connect,
    owned: (domid: number) => [...tree.values()].filter(({ perms }) => Number(perms[0]!.slice(1)) === domid).length,
  };
}
