// SPDX-License-Identifier: Apache-2.0
import { XmError } from '../errors.ts';
import type { Claim } from './contract.ts';

/** A claim that also says how people call its resource, e.g. `file:/x.img`. */
export interface NamedClaim extends Claim {
  readonly what?: string;
}

/** Who uses something. It is told from others by being the same; what people are told is its text at that moment. */
export interface ClaimOwner {
  /** E.g. `domain web1 (xvda)`. */
  toString(): string;
}

/**
 * Who uses what: one table for all domains and classes. Readers share a resource, a writer has it alone, and `w!` is let in
 * always but counts as a writer for those who come later (spec/xend.md 2.5).
 */
export interface ClaimTable {
  /**
   * Notes a use, or refuses it.
   *
   * @param owner who uses it; may have any number of claims
   * @throws XmError `EBUSY`, e.g. `file:/x.img is in writable use by domain web1 (xvda)`
   */
  take(claim: NamedClaim, owner: ClaimOwner): void;
  /** Ends all uses of this owner; none is right too. */
  release(owner: ClaimOwner): void;
}

interface Use {
  readonly owner: ClaimOwner;
  readonly writes: boolean;
}

export function createClaimTable(): ClaimTable {
  const uses = new Map<string, Use[]>();
  return {
    take(claim, owner) {
      const { resource, mode } = claim;
      const others = uses.get(resource) ?? [];
      const writes = mode !== 'r';
      const against = others.find((use) => use.writes) ?? (writes ? others[0] : undefined);
      if (against !== undefined && mode !== 'w!') throw inUse(claim, against);
      uses.set(resource, [...others, { owner, writes }]);
    },
    release(owner) {
      for (const [resource, all] of uses) {
        const left = all.filter((use) => use.owner !== owner);
        if (left.length > 0) uses.set(resource, left);
        else uses.delete(resource);
      }
    },
  };
}

function inUse({ what, resource, mode }: NamedClaim, { owner, writes }: Use): XmError {
  const use = writes ? 'writable' : 'read-only';
  const others = mode === 'w' ? "(mode 'w!') shares it all the same; both sides must know how" : undefined;
  const hint = others === undefined ? {} : { hint: others };
  return new XmError('EBUSY', `${what ?? resource} is in ${use} use by ${owner}`, hint);
}
