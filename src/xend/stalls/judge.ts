// SPDX-License-Identifier: Apache-2.0
import type { Stall } from '../contract.ts';
import type { StallRule, StallSample } from './contract.ts';

/** Since when suspects are as they are, by rule and key. */
export type Suspicions = ReadonlyMap<string, { readonly mark: string; readonly since: number }>;

/** What comes of a sample: for people, and for the next one. */
export interface Judgement {
  /** In the order of the rules: what is the cause of others comes first. */
  readonly stalls: readonly Stall[];
  readonly suspicions: Suspicions;
}

/** Before the first sample. */
export const UNSUSPECTED: Suspicions = new Map();

/**
 * Finds what has not moved for longer than its rule allows. Whoever is paused owes nothing meanwhile.
 *
 * @param before of the sample before this one
 */
export function judge(rules: readonly StallRule[], before: Suspicions, sample: StallSample): Judgement {
  const domains = new Map(sample.domains.map((domain) => [domain.domid, domain]));
  const suspicions = new Map<string, { readonly mark: string; readonly since: number }>();
  const stalls: Stall[] = [];
  for (const rule of rules) {
    for (const { key, mark, domid, what, owes, text } of rule.suspects(sample)) {
      const { domid: debtorId, end, gone } = owes;
      const debtor = domains.get(debtorId) ?? (gone === undefined ? undefined : { name: gone, paused: false });
      if (debtor === undefined || debtor.paused) continue;
      const id = `${rule.name} ${key}`;
      const known = before.get(id);
      const suspicion = known?.mark === mark ? known : { mark, since: sample.time };
      suspicions.set(id, suspicion);
      const age = sample.time - suspicion.since;
      if (age < rule.limit) continue;
      const domain = domains.get(domid)?.name ?? '';
      stalls.push({
        rule: rule.name,
        age,
        domid,
        domain,
        what,
        owes: { domid: debtorId, end, domain: debtor.name },
        text,
      });
    }
  }
  return { stalls, suspicions };
}
