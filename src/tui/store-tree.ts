// SPDX-License-Identifier: Apache-2.0
import type { XenstoreClient } from '../xenstore/client-contract.ts';
import { StoreError } from '../xenstore/contract.ts';
import { connectWire } from '../xenstore/wire-client.ts';
import type { StoreNode } from './reading.ts';

/** The store as it is, kept up to date by a watch. */
export interface StoreFollower {
  /** In the order of a tree. @throws XmError when the connection was lost */
  nodes(): readonly StoreNode[];
  close(): void;
}

interface Known {
  value: string;
  changed: number;
  children: readonly string[];
}

/** Most nodes that are shown: beyond that the tree is cut, not the memory used up. */
const MAX_NODES = 20_000;

/** Connects to a store's socket and reads all of it, once; after that only what its watch names is read again. */
export async function followStore(socket: string): Promise<StoreFollower> {
  const store = await connectWire(socket);
  const known = new Map<string, Known>();
  let lost: unknown;
  let turn: Promise<void> = refresh(store, known, '/', 0);
  await turn;
  const watch = store.watch('/', {
    listener(path) {
      // The first event is about the watch itself.
      if (path === '/') return;
      turn = turn.then(() => refresh(store, known, nearest(known, path), Date.now())).catch(fail);
    },
  });
  await watch.ready;
  void store.closed.then(() => fail(new Error('the connection to xenstore was lost')));

  function fail(error: unknown): void {
    lost ??= error;
  }

  return {
    nodes() {
      if (lost !== undefined) throw lost;
      return [...walk(known, '/')];
    },
    close: () => store.close(),
  };
}

/** A node that is known, at or above a path: what is between is new. */
function nearest(known: ReadonlyMap<string, Known>, path: string): string {
  let at = path;
  while (at !== '/' && !known.has(at)) at = at.slice(0, Math.max(1, at.lastIndexOf('/')));
  return at;
}

const join = (path: string, name: string): string => (path === '/' ? `/${name}` : `${path}/${name}`);

/** Reads a node again, and what is new below it. @param now 0 when nothing is news */
async function refresh(store: XenstoreClient, known: Map<string, Known>, path: string, now: number): Promise<void> {
  const found = await look(store, path);
  const before = known.get(path);
  if (found === undefined) {
    forget(known, path);
    return;
  }
  for (const child of before?.children ?? []) if (!found.children.includes(child)) forget(known, join(path, child));
  const isNews = now > 0 && (before?.value !== found.value || before === undefined);
  if (known.size < MAX_NODES || before !== undefined) {
    known.set(path, { ...found, changed: isNews ? now : (before?.changed ?? 0) });
  }
  for (const child of found.children)
    if (!known.has(join(path, child))) await refresh(store, known, join(path, child), now);
}

async function look(store: XenstoreClient, path: string): Promise<Omit<Known, 'changed'> | undefined> {
  try {
    const [value, children] = await Promise.all([store.read(path), store.ls(path)]);
    return { value, children };
  } catch (error) {
    if (error instanceof StoreError && error.errno !== 'EIO') return undefined;
    throw error;
  }
}

function forget(known: Map<string, Known>, path: string): void {
  for (const child of known.get(path)?.children ?? []) forget(known, join(path, child));
  known.delete(path);
}

function* walk(known: ReadonlyMap<string, Known>, path: string): Generator<StoreNode> {
  const node = known.get(path);
  if (node === undefined) return;
  yield { path, value: node.value, changed: node.changed };
  for (const child of node.children) yield* walk(known, join(path, child));
}
