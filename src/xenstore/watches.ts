// SPDX-License-Identifier: Apache-2.0
import type { StorePath } from './paths.ts';
import { type Caller, READ, rightsOf } from './permissions.ts';
import { lookup, type TreeNode } from './tree.ts';
import type { Change } from './workspace.ts';

export interface Watch {
  readonly id: number;
  readonly path: StorePath;
  /** As the watcher spelt it: event paths are relative when this is. */
  readonly given: string;
  readonly token: string;
  readonly depth: number | undefined;
  readonly caller: Caller;
  /** Queues an event. */
  readonly notify: (path: string) => void;
}

/** All watches, arranged as the paths they watch: a change costs its depth and the watches it hits. */
export interface WatchIndex {
  readonly size: number;
  add(watch: Watch): void;
  delete(watch: Watch): void;
  /** Tells the watches of a change between two states of the tree (spec/primitives.md 1.5). */
  fire(change: Change, before: TreeNode, after: TreeNode): void;
  /** Tells of a domain's coming or going. @param mayWatch whether the special node's permissions let a domain hear of it */
  fireSpecial(name: string, domid: number, mayWatch: (caller: Caller) => boolean): void;
}

interface Level {
  readonly watches: Set<Watch>;
  readonly below: Map<string, Level>;
}

const newLevel = (): Level => ({ watches: new Set(), below: new Map() });

/** The path as the watcher wants to see it. */
function shown(watch: Watch, text: string): string {
  return text.slice(watch.path.text.length - watch.given.length);
}

/** A watcher hears of a node that it may read, or whose parent it may read, before or after the change (XSA-115). */
function mayHear(caller: Caller, parts: readonly string[], before: TreeNode, after: TreeNode): boolean {
  if (caller.privileged) return true;
  const nodes = [before, after].flatMap((root) => [
    lookup(root, parts),
    lookup(root, parts, Math.max(parts.length - 1, 0)),
  ]);
  return nodes.some((node) => node !== undefined && (rightsOf(node.perms, node.generation, caller) & READ) !== 0);
}

function* allBelow(level: Level): Generator<Watch> {
  const open = [...level.below.values()];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    yield* next.watches;
    open.push(...next.below.values());
  }
}

export function createWatchIndex(): WatchIndex {
  const nodes = newLevel();
  const specials = newLevel();
  let size = 0;

  const rootFor = (watch: Watch) => (watch.path.special ? specials : nodes);

  return {
    get size() {
      return size;
    },

    add(watch) {
      let level = rootFor(watch);
      for (const part of watch.path.parts) {
        const next = level.below.get(part) ?? newLevel();
        level.below.set(part, next);
        level = next;
      }
      level.watches.add(watch);
      size++;
    },

    delete(watch) {
      const levels = [rootFor(watch)];
      for (const part of watch.path.parts) levels.push(levels.at(-1)!.below.get(part)!);
      if (levels.at(-1)!.watches.delete(watch)) size--;
      for (let i = levels.length - 1; i > 0 && levels[i]!.watches.size + levels[i]!.below.size === 0; i--) {
        levels[i - 1]!.below.delete(watch.path.parts[i - 1]!);
      }
    },

    fire({ path, whole }, before, after) {
      const { parts } = path;
      let level: Level | undefined = nodes;
      for (let i = 0; level !== undefined; level = level.below.get(parts[i]!), i++) {
        for (const watch of level.watches) {
          const reaches = watch.depth === undefined || parts.length - i <= watch.depth;
          if (reaches && mayHear(watch.caller, parts, before, after)) watch.notify(shown(watch, path.text));
        }
        if (i === parts.length) break;
      }
      if (!whole || level === undefined) return;
      for (const watch of allBelow(level)) {
        const gone = lookup(before, watch.path.parts) !== undefined && lookup(after, watch.path.parts) === undefined;
        if (gone && mayHear(watch.caller, watch.path.parts, before, after)) watch.notify(watch.given);
      }
    },

    fireSpecial(name, domid, mayWatch) {
      const level = specials.below.get(name);
      const exact = level?.below.get(String(domid));
      for (const watch of [...(level?.watches ?? []), ...(exact?.watches ?? [])]) {
        const detailed = watch.path.parts.length > 1 || (watch.depth ?? 0) > 0;
        if (mayWatch(watch.caller)) watch.notify(detailed ? `${name}/${domid}` : name);
      }
    },
  };
}
