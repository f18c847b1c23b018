// SPDX-License-Identifier: Apache-2.0
import { domainName } from '../config/values.ts';
import { noSuchDomain, XmError } from '../errors.ts';
import type { XendContext } from './context.ts';
import type { XendDomain } from './domain.ts';
import type { ManagedDomain } from './managed.ts';

/** What a name may mean: a domain that is there, or one that is only managed. */
export type Known = XendDomain | ManagedDomain;

/** Where domains are looked up. */
export type Names = Pick<XendContext, 'domains' | 'managed'>;

/** Whether it has a domid. */
export const isThere = (known: Known): known is XendDomain => 'domid' in known;

/** A domain by its id, name or uuid; one that is there before one that is only managed (spec/xend.md 2.7). */
export function lookUp({ domains, managed }: Names, word: string): Known | undefined {
  const all = [...domains.values()];
  return (
    all.find(({ domid }) => String(domid) === word) ??
    all.find(({ name, uuid }) => name === word || uuid === word) ??
    managed.find(word)
  );
}

/** One that is there. @throws XmError `ENODOMAIN`, or `ENOTSTARTED` if it is only managed */
export function requireThere(names: Names, word: string): XendDomain {
  const found = lookUp(names, word);
  if (found === undefined) throw noSuchDomain(word);
  if (isThere(found)) return found;
  const { name } = found.config;
  throw new XmError('ENOTSTARTED', `Domain '${name}' is not started`, { hint: `'xm start ${name}' starts it` });
}

/**
 * The domains that a listing is about: those that are named, as given, or all, by name.
 *
 * @throws XmError `ENODOMAIN` for an unknown name
 */
export function selectKnown(where: Names, names: readonly string[] = []): readonly Known[] {
  if (names.length > 0) {
    return names.map((name) => {
      const found = lookUp(where, name);
      if (found === undefined) throw noSuchDomain(name);
      return found;
    });
  }
  const there = [...where.domains.values()];
  const uuids = new Set(there.map(({ uuid }) => uuid));
  const dormant = where.managed.all().filter(({ uuid }) => !uuids.has(uuid));
  return [...there, ...dormant].sort((a, b) => (a.config.name < b.config.name ? -1 : 1));
}

/** @throws XmError `EINVAL` when no domain can be called so (spec/xend.md 2.1) */
export function checkedName(name: string): string {
  const checked = domainName(name);
  if ('value' in checked) return checked.value;
  throw new XmError('EINVAL', `Invalid VM Name: it ${checked.problem}`);
}
