// SPDX-License-Identifier: Apache-2.0
import { type Store, type StoreConnection, StoreError, type StoreOptions } from '../../../src/xenstore/contract.ts';
import { createStore } from '../../../src/xenstore/store.ts';

/** What an operation came to: `OK` or the errno's name. */
export function outcome(action: () => unknown): string {
  try {
    action();
    return 'OK';
  } catch (error) {
    if (error instanceof StoreError) return error.errno;
    throw error;
  }
}

/** A connection and the events it got, as `path token`. */
export interface Listener {
  readonly at: StoreConnection;
  /** What came since the last look. */
  readonly heard: () => string[];
}

export function listen(store: Store, domid: number): Listener {
  const events: string[] = [];
  const at = store.connect(domid, (path, token) => {
    events.push(`${path} ${token}`);
    return true;
  });
  return {
    at,
    heard() {
      at.drain();
      return events.splice(0);
    },
  };
}

/** A store with domains 1 to 3 and connections that hear nothing. */
export function newStore(options: StoreOptions = {}) {
  const store = createStore(options);
  for (const domid of [1, 2, 3]) store.introduceDomain(domid);
  const connect = (domid: number) => store.connect(domid, () => true);
  return { store, dom0: connect(0), dom1: connect(1), dom2: connect(2), connect };
}

/** A node with a value and permissions, made by domain 0. */
export function seed(dom0: StoreConnection, path: string, value: string, ...perms: string[]): void {
  dom0.write(path, value);
  if (perms.length > 0) dom0.setPerms(path, perms);
}
