// SPDX-License-Identifier: Apache-2.0
import { ARGO_DOMID_ANY, type ArgoAddress, type ArgoPattern, type ArgoRule } from './argo-contract.ts';
import { type DomId, HypercallError } from './contract.ts';

/** Rules that there may be: whoever asks where messages go waits while they are read. */
const MAX_RULES = 1024;

/** Ports of a sender whose messages to some address are treated otherwise than those of all its other ports. */
export interface PortFilter {
  /** What holds for all ports but these. */
  readonly accept: boolean;
  readonly except: readonly number[];
}

/** Who may send to whom (spec/primitives.md 7.2, viptables): the first rule that matches decides; where none does, all may. */
export interface ArgoRules {
  /** @param at position, 0 is the first; at the end unless said. @throws HypercallError `ENOSPC`, `EINVAL` for no position */
  add(rule: ArgoRule, at?: number): void;
  /** @returns the rule that was there. @throws HypercallError `ENOENT` */
  del(at: number): ArgoRule;
  list(): readonly ArgoRule[];
  /** Which of a domain's messages to an address are accepted; undefined: all. */
  filter(from: DomId, to: ArgoAddress): PortFilter | undefined;
  /** Whether no message to a ring at this address would be accepted. @param partner who may send there, or `ARGO_DOMID_ANY` */
  closed(partner: DomId, to: ArgoAddress): boolean;
}

const matches = ({ domid, aport }: ArgoPattern, to: ArgoAddress): boolean =>
  (domid === undefined || domid === to.domid) && (aport === undefined || aport === to.aport);

export function createArgoRules(): ArgoRules {
  const rules: ArgoRule[] = [];

  return {
    add(rule, at = rules.length) {
      if (rules.length >= MAX_RULES) throw new HypercallError('ENOSPC', `there are ${MAX_RULES} rules`);
      if (at < 0 || at > rules.length) throw new HypercallError('EINVAL', `there are ${rules.length} rules, not ${at}`);
      rules.splice(at, 0, rule);
    },
    del(at) {
      const [rule] = at < 0 ? [] : rules.splice(at, 1);
      if (rule === undefined) throw new HypercallError('ENOENT', `there is no rule ${at}`);
      return rule;
    },
    list: () => [...rules],
    filter(from, to) {
      const ports = new Map<number, boolean>();
      let rest = true;
      for (const { src, dst, accept } of rules) {
        if ((src.domid !== undefined && src.domid !== from) || !matches(dst, to)) continue;
        if (src.aport === undefined) {
          rest = accept;
          break;
        }
        if (!ports.has(src.aport)) ports.set(src.aport, accept);
      }
      const except = [...ports].filter(([, accept]) => accept !== rest).map(([aport]) => aport);
      return rest && except.length === 0 ? undefined : { accept: rest, except };
    },
    closed(partner, to) {
      for (const { src, dst, accept } of rules) {
        const concerned = src.domid === undefined || src.domid === partner;
        if ((!concerned && partner !== ARGO_DOMID_ANY) || !matches(dst, to)) continue;
        if (accept) return false;
        if (concerned && src.aport === undefined) return true;
      }
      return false;
    },
  };
}
