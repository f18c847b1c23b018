// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check';
import { XS } from '../../../src/xenstore/wire.ts';

/** One request of one connection, or something that happens to a domain. */
export type StoreStep =
  | {
      readonly kind: 'ask';
      readonly who: number;
      readonly type: number;
      readonly payload: string;
      readonly inside: boolean;
    }
  | { readonly kind: 'start'; readonly who: number }
  | { readonly kind: 'end'; readonly who: number; readonly commit: boolean }
  /** The domain dies, and a new one gets its id. */
  | { readonly kind: 'reborn'; readonly domid: number };

/** Whose connections there are: two of domain 0, one of each of the others. */
export const OWNERS = [0, 0, 1, 2] as const;

/** The id of a domain that never is. */
export const NOBODY = '9';

const PATHS = [
  '/',
  '/a',
  '/a/b',
  '/a/b/c',
  '/a/d',
  '/e',
  '/e/f/g',
  '/tool',
  'rel',
  'rel/x',
  '/local/domain/1',
  '/local/domain/1/k',
];
/** What is no path, or none of a node. */
export const ODD: readonly string[] = ['', '//', '/a/', 'a b', '/a//b', './a'];
const path = fc.oneof(
  { weight: 20, arbitrary: fc.constantFrom(...PATHS) },
  { weight: 1, arbitrary: fc.constantFrom(...ODD) },
);
/** A root that belongs to a guest goes with it in 4.17, and the whole store with the root. */
const belowRoot = path.filter((at) => at !== '/');
const perm = fc.constantFrom('n0', 'b0', 'r0', 'n1', 'b1', 'r1', 'n2', 'w2', 'b2', `n${NOBODY}`, `r${NOBODY}`);
const perms = fc.oneof(
  { weight: 12, arbitrary: fc.array(perm, { minLength: 1, maxLength: 3 }) },
  { weight: 1, arbitrary: fc.constantFrom([], ['x0'], ['n'], ['n0', 'q1']) },
);
const token = fc.constantFrom('t', 'u', '');
const domid = fc.constantFrom('0', '1', '2', NOBODY, '007');
const who = fc.constantFrom(0, 0, 1, 2, 2, 3);

const texts = (...parts: readonly string[]): string => parts.map((part) => `${part}\0`).join('');

const asked = (weight: number, type: number, payload: fc.Arbitrary<string>) => ({
  weight,
  arbitrary: fc.record({
    kind: fc.constant('ask' as const),
    who,
    type: fc.constant(type),
    payload,
    inside: fc.boolean(),
  }),
});

/**
 * Requests as clients make them, most of them sensible, and domains that come and go. Not SET_TARGET: 4.17 does not let go of a
 * dead domain that is another's target. Nothing without its NUL, and
 * no permissions of special nodes: it answers with the errno of something before, or not at all.
 */
export const storeStep: fc.Arbitrary<StoreStep> = fc.oneof(
  asked(
    10,
    XS.write,
    fc.tuple(path, fc.constantFrom('', 'x', 'y\0z')).map(([at, value]) => texts(at) + value),
  ),
  asked(
    4,
    XS.mkdir,
    path.map((at) => texts(at)),
  ),
  asked(
    5,
    XS.rm,
    path.map((at) => texts(at)),
  ),
  asked(
    5,
    XS.read,
    path.map((at) => texts(at)),
  ),
  asked(
    4,
    XS.directory,
    path.map((at) => texts(at)),
  ),
  asked(
    3,
    XS.getPerms,
    path.map((at) => texts(at)),
  ),
  asked(
    6,
    XS.setPerms,
    fc.tuple(belowRoot, perms).map(([at, list]) => texts(at, ...list)),
  ),
  asked(
    5,
    XS.watch,
    fc
      .tuple(fc.oneof(path, fc.constantFrom('@releaseDomain', '@introduceDomain')), token)
      .map(([at, name]) => texts(at, name)),
  ),
  asked(
    2,
    XS.unwatch,
    fc.tuple(path, token).map(([at, name]) => texts(at, name)),
  ),
  asked(
    1,
    XS.getDomainPath,
    domid.map((id) => texts(id)),
  ),
  asked(
    1,
    XS.isDomainIntroduced,
    domid.map((id) => texts(id)),
  ),
  asked(1, XS.resetWatches, fc.constant('\0')),
  asked(1, XS.watch, fc.constant(texts('/a', 'deep', '1'))),
  asked(1, 99, fc.constant('')),
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('start' as const), who }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('end' as const), who, commit: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('reborn' as const), domid: fc.constantFrom(1, 2) }) },
);
