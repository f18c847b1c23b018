// SPDX-License-Identifier: Apache-2.0
import type { StoreKeeper } from './keeper-contract.ts';

/** Error names of the wire protocol, in the protocol's own order (spec/primitives.md 1.1). */
export const STORE_ERRNOS = [
  'EINVAL',
  'EACCES',
  'EEXIST',
  'EISDIR',
  'ENOENT',
  'ENOMEM',
  'ENOSPC',
  'EIO',
  'ENOTEMPTY',
  'ENOSYS',
  'EROFS',
  'EBUSY',
  'EAGAIN',
  'EISCONN',
  'E2BIG',
  'EPERM',
] as const;

export type StoreErrno = (typeof STORE_ERRNOS)[number];

/** Whether a text is an error's name. */
export const isStoreErrno = (text: string): text is StoreErrno => (STORE_ERRNOS as readonly string[]).includes(text);

/** How every store operation fails, at the server and, rebuilt from the errno name, at the client. */
export class StoreError extends Error {
  readonly errno: StoreErrno;

  /** @param detail says what the error is about, for people; it does not travel to another domain. */
  constructor(errno: StoreErrno, detail = '') {
    super(detail === '' ? errno : `${errno}: ${detail}`);
    this.name = 'StoreError';
    this.errno = errno;
  }
}

/** Longest payload of a message, in bytes; events and values obey it on every transport. */
export const MAX_PAYLOAD = 4096;
/** The caller itself, where a domid is asked for. */
export const DOMID_SELF = 0x7ff0;
/** What a ring page may offer, as bits of its `server_features` (spec/primitives.md 1.8). */
export const FEATURE = { reconnect: 1, error: 2, watchDepth: 4, domidAny: 8 } as const;
/** Everybody, in a permission entry. */
export const DOMID_ANY = 0x7ff5;

/**
 * Limits of an unprivileged domain (spec/primitives.md 1.6). One rule for all: a count may reach its limit, not pass it;
 * domain 0 is exempt except from `outstanding` and `events`, which bound memory rather than rights. For the others 0 is no limit.
 */
export interface StoreQuotas {
  /** Nodes owned. */
  readonly nodes: number;
  readonly watches: number;
  /** Open transactions. */
  readonly transactions: number;
  /** Different nodes read or written in one transaction. */
  readonly 'transaction-nodes': number;
  /** Bytes of one node: header, permission entries and value; names of children do not count. */
  readonly 'node-size': number;
  /** Permission entries of one node. */
  readonly permissions: number;
  /** Requests of one connection that have no answer yet. */
  readonly outstanding: number;
  /** Queued watch events of one connection, before they are merged per watch. */
  readonly events: number;
  /** Bytes of a path, without a leading `/local/domain/N/`. */
  readonly 'path-max': number;
}

/** Receives one watch event; `false` keeps the event queued until {@link StoreConnection.drain}. */
export type Deliver = (path: string, token: string) => boolean | undefined;

/**
 * What a client holds, on any transport: the operations of table 1.1 as synchronous calls. All throw {@link StoreError}.
 *
 * Paths are absolute, special (`@...`) or relative to the caller's home. Values and tokens are *binary strings*: one
 * character per byte, codes 0 to 255. Permissions are texts such as `n0`, `r5`. `tx` is 0 or absent outside transactions;
 * a wrong id is ENOENT. After `close`, and after the domain's death, every operation is EIO.
 */
export interface StoreConnection {
  readonly domid: number;
  /** No longer usable: closed by its holder or because the domain is gone. */
  readonly closed: boolean;

  read(path: string, tx?: number): string;
  /** Creates missing parents, with empty values. */
  write(path: string, value: string, tx?: number): void;
  /** Leaves an existing node as it is. */
  mkdir(path: string, tx?: number): void;
  /** Removes a node and all below. Missing node with an existing parent: nothing to do. */
  rm(path: string, tx?: number): void;
  /** Names of the children, oldest first. */
  directory(path: string, tx?: number): readonly string[];
  /** The children as one text, for transports that send it in parts. */
  listing(path: string, tx?: number): Listing;
  getPerms(path: string, tx?: number): readonly string[];
  /** First entry: owner and what unlisted domains may do. Owner or domain 0 only; a new owner, domain 0 only. */
  setPerms(path: string, perms: readonly string[], tx?: number): void;

  /**
   * Asks for an event whenever `path` or something below changes. The first event comes at once, after the present call
   * returns. @param depth how far below `path` changes count: 0 the node alone; absent: all the way.
   */
  watch(path: string, token: string, depth?: number): void;
  /** Takes the watch away, its undelivered events too. ENOENT when there is none. */
  unwatch(path: string, token: string): void;
  /** Drops all watches and transactions of this connection. */
  resetWatches(): void;

  /** @throws StoreError ENOENT unless it is the id of an open transaction of this connection */
  needTransaction(tx: number): void;
  /**
   * Whether requests of this connection have to wait, in fairness to a transaction that lost several times; who carries
   * requests asks before each. @param goOn called, once, when they need not wait any longer
   */
  mustWait(goOn: () => void): boolean;
  /** @returns a number that is good on this connection only. */
  transactionStart(tx?: number): number;
  /** EAGAIN: somebody changed what the transaction rests on; start over. The id is used up in every case. */
  transactionEnd(tx: number, commit: boolean): void;

  /** `/local/domain/N`, whether or not the domain exists. */
  getDomainPath(domid: number): string;
  /** The next five: domain 0 only, else EACCES. */
  introduce(domid: number): void;
  release(domid: number): void;
  isIntroduced(domid: number): boolean;
  /** The domain runs again: its next shutdown will be announced. */
  resume(domid: number): void;
  /** `domid` gets the rights of `target` in addition to its own. */
  setTarget(domid: number, target: number): void;

  /** Delivers queued events until none is left or the receiver refuses one. */
  drain(): void;
  /** Aborts transactions and drops watches and events. May be called again. */
  close(): void;
}

/** A directory as {@link StoreConnection.listing} shows it. */
export interface Listing {
  /** Changes whenever the node or the list of its children does. */
  readonly generation: number;
  /** The names, oldest first, each ended by a NUL. */
  readonly names: string;
}

/** What a domain uses of the store at present. */
export interface StoreUsage {
  readonly nodes: number;
  readonly watches: number;
  readonly transactions: number;
}

/** The store as its owner, the supervisor, sees it. */
export interface Store {
  readonly quotas: StoreQuotas;
  /**
   * A connection of a known domain (domain 0 always is); a domain may have several.
   * @param deliver gets watch events: during the operation that causes them, so before its reply, or later.
   * @param closed called once when the store closes the connection because the domain is gone.
   * @param reintroduced called when the domain was introduced again; the watches and transactions are gone by then.
   * @throws StoreError ENOENT for a domain that was never introduced
   */
  connect(domid: number, deliver: Deliver, closed?: () => void, reintroduced?: () => void): StoreConnection;
  /** A new domain: fires `@introduceDomain`. For a known one: drops the state of its connections, as a reconnect. */
  introduceDomain(domid: number): void;
  /**
   * The domain is gone: closes its connections, removes the nodes it owns with all below, voids its permission entries,
   * fires `@releaseDomain`. A later domain with the same id inherits nothing. Unknown domain: no effect.
   */
  releaseDomain(domid: number): void;
  /** The domain stopped but exists: fires `@releaseDomain`, once until it is resumed. Unknown domain: no effect. */
  shutdownDomain(domid: number): void;
  /** @returns undefined for an unknown domain. */
  usage(domid: number): StoreUsage | undefined;
  totals(): StoreTotals;
  /** Nodes that have children of all these names, wherever they are. Costs what has changed since it was asked the last time. */
  find(names: readonly string[]): readonly FoundNode[];
  /**
   * Changes a limit, for everybody or for one domain; 0 is none, but for `outstanding` and `events`.
   * @throws StoreError EINVAL for another name, ENOENT for an unknown domain
   */
  setQuota(name: string, value: number, domid?: number): void;
  /** A limit, as it is for everybody or for one domain. @throws StoreError EINVAL, ENOENT */
  quota(name: string, domid?: number): number;
  /** What the domain's ring page offers, as bits (spec/primitives.md 1.8). @throws StoreError ENOENT for an unknown domain */
  features(domid: number): number;
  /** Offers a domain less. @throws StoreError EBUSY once it is introduced, EINVAL for a bit that means nothing, ENOENT */
  setFeatures(domid: number, bits: number): void;
  /** Recounts everything that is accounted. @returns one line per difference; none when all is well. */
  check(): readonly string[];
}

/** A node that has certain children. */
export interface FoundNode {
  readonly path: string;
  /** Who owns the first of the children. */
  readonly owner: number;
  /** Of the children, in the order in which they were asked for. */
  readonly values: readonly string[];
}

/** What is in the store. */
export interface StoreTotals extends StoreUsage {
  readonly domains: number;
}

/** What the store needs to know from outside. */
export interface StoreOptions {
  readonly quotas?: Partial<StoreQuotas>;
  /**
   * Whether a domain exists that was not introduced yet, so that a tool stack may name it in permissions before.
   * Default: only introduced domains exist.
   */
  readonly domainExists?: (domid: number) => boolean;
  /** Keeps part of the store over a restart. Default: nothing is kept. */
  readonly keeper?: StoreKeeper;
}
