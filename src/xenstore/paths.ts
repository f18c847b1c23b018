// SPDX-License-Identifier: Apache-2.0
import { StoreError } from './contract.ts';

/** A checked path: what everything behind the front door works with. */
export interface StorePath {
  /** Absolute or special, e.g. `/local/domain/3/name`. */
  readonly text: string;
  /** The components, none for the root. */
  readonly parts: readonly string[];
  /** `@releaseDomain` and the like: not in the tree. */
  readonly special: boolean;
}

const ABSOLUTE_MAX = 3072;
const LEGAL = /^[A-Za-z0-9\-/_@]+$/;
const HOME = /^\/local\/domain\/[0-9]+\//;

/**
 * Paths that were asked for lately, by their text: the same few are asked for again and again. Those that are relative are kept
 * by the domain to which they are.
 */
const lately = new Map<number, Map<string, StorePath>>();
const ABSOLUTE = -1;
const LATELY_MAX = 1024;
let latelyCount = 0;
/** Longer ones are not remembered: what strangers ask for must not take much memory. */
const LATELY_LENGTH = 128;

function remember(given: string, of: number, path: StorePath): void {
  if (latelyCount++ >= LATELY_MAX) {
    lately.clear();
    latelyCount = 1;
  }
  const paths = lately.get(of) ?? new Map<string, StorePath>();
  lately.set(of, paths.set(given, path));
}

/** `/local/domain/N`. */
export function homeOf(domid: number): string {
  return `/local/domain/${domid}`;
}

/** Bytes that count against `path-max`: what follows the home prefix of any domain. */
function countedLength(path: string): number {
  return path.length - (HOME.exec(path)?.[0].length ?? 0);
}

/**
 * Checks a path as given by a client and makes it absolute (spec/primitives.md 1.2).
 * @param maxLength bound for the part after `/local/domain/N/`; 0 is none; domain 0 is bound by the protocol's 3072 only
 * @throws StoreError EINVAL
 */
export function parsePath(given: string, domid: number, maxLength: number): StorePath {
  const special = given.startsWith('@');
  const absolute = special || given.startsWith('/');
  const of = absolute ? ABSOLUTE : domid;
  const known = given.length <= maxLength ? lately.get(of)?.get(given) : undefined;
  if (known !== undefined) return known;
  const text = absolute ? given : `${homeOf(domid)}/${given}`;
  const legal = LEGAL.test(given) && !text.includes('//') && (!text.endsWith('/') || text === '/');
  const short = text.length <= ABSOLUTE_MAX && (domid === 0 || maxLength === 0 || countedLength(text) <= maxLength);
  if (!legal || !short) throw new StoreError('EINVAL', 'bad path');
  const path = { text, parts: special ? text.split('/') : text === '/' ? [] : text.slice(1).split('/'), special };
  if (text.length <= LATELY_LENGTH) remember(given, of, path);
  return path;
}

/** As {@link parsePath}, for operations on nodes: special paths are EINVAL. */
export function parseNodePath(given: string, domid: number, maxLength: number): StorePath {
  const path = parsePath(given, domid, maxLength);
  if (path.special) throw new StoreError('EINVAL', 'special path');
  return path;
}

/** The path of components that need no check. */
export function pathOf(parts: readonly string[]): StorePath {
  return { text: `/${parts.join('/')}`, parts, special: false };
}

/** The path of the first `length` components. */
export function ancestorOf(path: StorePath, length: number): StorePath {
  return length === path.parts.length ? path : pathOf(path.parts.slice(0, length));
}
