// SPDX-License-Identifier: Apache-2.0
import { DOMID_ANY, StoreError } from './contract.ts';

/** Rights as bits: what a letter gives and what an operation wants. */
export const NONE = 0;
export const READ = 1;
export const WRITE = 2;

const LETTERS: Readonly<Record<string, number>> = { n: NONE, r: READ, w: WRITE, b: READ | WRITE };
const LETTER_OF = ['n', 'r', 'w', 'b'] as const;

/** One entry of a node's list. In the first, `domid` is the owner and `access` is for everybody not listed. */
export interface Perm {
  readonly domid: number;
  /** {@link READ} and {@link WRITE} bits. */
  readonly access: number;
  /** Names a domain that did not exist, or no longer does: shown, but without effect, even if the id is used again. */
  readonly stale?: true;
}

/** A node's list, never empty. */
export type Perms = readonly [Perm, ...Perm[]];

/** Whose rights are asked for. */
export interface Caller {
  readonly domid: number;
  /** Domain 0: nothing is refused. */
  readonly privileged: boolean;
  /** The store's counter when the domain came to be: entries of older nodes mean a namesake that is gone. */
  readonly generation: number;
  /** Domain whose rights this one has too (SET_TARGET). */
  readonly target: Caller | undefined;
}

/** @throws StoreError EINVAL for anything but a letter of `nrwb` and a domid */
export function parsePerm(text: string): Perm {
  const match = /^([nrwb])([0-9]{1,5})$/.exec(text);
  const domid = Number(match?.[2]);
  if (match === null || domid > 0xffff) throw new StoreError('EINVAL', `bad permission '${text}'`);
  return { domid, access: LETTERS[match[1]!]! };
}

/** The reverse of {@link parsePerm}; a stale entry looks like any other. */
export function formatPerm(perm: Perm): string {
  return `${LETTER_OF[perm.access]}${perm.domid}`;
}

/** @throws StoreError EINVAL for a bad entry or an empty list */
export function parsePerms(texts: readonly string[]): Perms {
  const [owner, ...others] = texts.map(parsePerm);
  if (owner === undefined) throw new StoreError('EINVAL', 'no permissions');
  return [owner, ...others];
}

export const ownerOf = (perms: Perms): number => perms[0].domid;

/** Whether the caller, or its target, owns what has these permissions. */
export function isOwner(perms: Perms, caller: Caller): boolean {
  return caller.privileged || ownerOf(perms) === caller.domid || caller.target?.domid === ownerOf(perms);
}

const names = ({ domid }: Perm, generation: number, caller: Caller): boolean =>
  domid === caller.domid && caller.generation <= generation;

/** Whether an entry is about the caller: by its own id, its target's, or everybody's. */
function entryFor(perm: Perm, generation: number, caller: Caller): boolean {
  if (perm.stale) return false;
  if (perm.domid === DOMID_ANY || names(perm, generation, caller)) return true;
  return caller.target !== undefined && names(perm, generation, caller.target);
}

/**
 * What a caller may do with a node (spec/primitives.md 1.3): the owner everything, else what the first entry that names
 * the caller says, else what the first entry of the list says.
 * @param generation of the node that has these permissions
 */
export function rightsOf(perms: Perms, generation: number, caller: Caller): number {
  if (isOwner(perms, caller)) return READ | WRITE;
  for (let i = 1; i < perms.length; i++) if (entryFor(perms[i]!, generation, caller)) return perms[i]!.access;
  return perms[0].access;
}

/**
 * Marks entries whose domain is missing or younger than the node, for good: needed before a node's generation moves on,
 * which would make them look valid again (XSA-322).
 * @param bornAt generation of an existing domain, or undefined
 * @returns the same list if nothing had to be marked
 */
export function settle(perms: Perms, generation: number, bornAt: (domid: number) => number | undefined): Perms {
  const dead = ({ domid, stale }: Perm) =>
    !stale && domid !== DOMID_ANY && (bornAt(domid) ?? Number.POSITIVE_INFINITY) > generation;
  const [owner, ...others] = perms;
  if (!others.some(dead)) return perms;
  return [owner, ...others.map((perm): Perm => (dead(perm) ? { ...perm, stale: true } : perm))];
}

/** What a new child gets: its parent's list, but owned by an unprivileged creator. */
export function inherit(perms: Perms, creator: Caller): Perms {
  const [owner, ...others] = perms;
  return creator.privileged || owner.domid === creator.domid ? perms : [{ ...owner, domid: creator.domid }, ...others];
}
