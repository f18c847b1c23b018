// SPDX-License-Identifier: Apache-2.0
import type { VipEnd, VipRule } from '../../xend/contract.ts';

function end({ domid, domain, port }: VipEnd): string {
  const who = domid === undefined ? '*' : domain === undefined ? String(domid) : `${domain} (${domid})`;
  return `${who}:${port ?? '*'}`;
}

/** A rule in a line, with its position. */
export function ruleLine({ position, accept, from, to }: VipRule): string {
  return `${String(position).padStart(4)} ${accept ? 'accept' : 'reject'}  ${end(from).padEnd(28)} ${end(to)}\n`;
}

/** `xm viptables list`: nothing at all without rules. */
export function ruleTable(rules: readonly VipRule[]): string {
  return rules.length === 0
    ? ''
    : `   # Verdict ${'From'.padEnd(28)} To\n${rules.map((rule) => ruleLine(rule)).join('')}`;
}
