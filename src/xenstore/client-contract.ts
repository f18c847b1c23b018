// SPDX-License-Identifier: Apache-2.0

/** Reads and writes, inside or outside of a transaction. All reject with a `StoreError`. */
export interface XenstoreAccess {
  /** The value as text: UTF-8, malformed bytes replaced. */
  read(path: string): Promise<string>;
  /** The value's bytes. */
  readBuffer(path: string): Promise<Uint8Array>;
  /** Text is stored as UTF-8. Missing parents are created. */
  write(path: string, value: string | Uint8Array): Promise<void>;
  mkdir(path: string): Promise<void>;
  /** Names of the children, oldest first. */
  ls(path: string): Promise<readonly string[]>;
  /** False when the node is missing; other errors reject. */
  exists(path: string): Promise<boolean>;
  rm(path: string): Promise<void>;
  /** As texts: `n0`, `r5`; the first names the owner. */
  getPerms(path: string): Promise<readonly string[]>;
  setPerms(path: string, perms: readonly string[]): Promise<void>;
}

export interface WatchOptions {
  /** How far below the path changes count: 0 the node alone, 1 its children too; absent: all the way. */
  readonly depth?: number;
  /** Called for each event instead of iteration. */
  readonly listener?: (path: string) => void;
}

/**
 * A running watch. Iterate it, or give a listener: each event is the path that changed (relative if the watch was), the
 * first one is the watched path itself, and says nothing but "look now". Unread events are merged when they are equal; past
 * a bound all of them are merged into one for the watched path: levels are kept, not histories.
 */
export interface StoreWatch extends AsyncIterable<string> {
  /** Resolves when the store accepted the watch; rejects with the reason otherwise (as iteration does). */
  readonly ready: Promise<void>;
  /** Ends the watch and its iteration. Leaving a `for await` does the same. */
  close(): Promise<void>;
}

export interface TransactionOptions {
  /** How often to start over after a conflict before EAGAIN is passed on. Default 64. */
  readonly retries?: number;
}

/** The store as a domain, or the supervisor itself, uses it. Calls are answered in the order they were made. */
export interface XenstoreClient extends XenstoreAccess {
  watch(path: string, options?: WatchOptions): StoreWatch;
  /**
   * Runs `body` on a private copy of the store and commits what it wrote; runs it again after a conflict, so it should
   * have no other effects. When `body` throws, nothing is written and the error is passed on.
   */
  transaction<T>(body: (tx: XenstoreAccess) => Promise<T>, options?: TransactionOptions): Promise<T>;
  /** `/local/domain/N`. */
  domainPath(domid: number): Promise<string>;
  /** Ends the watches and all pending calls (EIO). May be called again. */
  close(): void;
  /** Resolves when the connection ended, whoever ended it. */
  readonly closed: Promise<void>;
}
