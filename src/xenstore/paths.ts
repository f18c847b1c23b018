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

/** Paths that were asked for lately, by their absolute text: the same few are asked for again and again. */
const lately = new Map<string, StorePath>();
const LATELY_MAX = 1024;
/** Longer ones are not remembered: what strangers ask for must not take much memory. */
const LATELY_LENGTH = 128;

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
  const known = given.length <= maxLength ? lately.get(given) : undefined;
  if (known !== undefined) return known;
  const special = given.startsWith('@');
  const text = special || given.startsWith('/') ? given : `${homeOf(domid)}/${given}`;
  const legal = LEGAL.test(given) && !text.includes('//') && (!text.endsWith('/') || text === '/');
  const short = text.length <= ABSOLUTE_MAX && (domid === 0 || maxLength === 0 || countedLength(text) <= maxLength);
  if (!legal || !short) throw new StoreError('EINVAL', 'bad path');
  const path = { text, parts: special ? text.split('/') : text === '/' ? [] : text.slice(1).split('/'), special };
  if (text === given && text.length <= LATELY_LENGTH) {
    if (lately.size >= LATELY_MAX) lately.clear();
    lately.set(text, path);
  }
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
