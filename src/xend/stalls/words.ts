// SPDX-License-Identifier: Apache-2.0
import type { Stall } from '../contract.ts';

/** What an end is to people. */
const ENDS: Readonly<Record<Stall['owes']['end'], string>> = { front: 'front end ', back: 'back end ', domain: '' };

/** A stall as a sentence without its full stop, e.g. `demo: vbd xvda front>back: back end Domain-0 has not taken 3 requests, for 12 s`. */
export function stallSentence({ domain, what, owes, text, age }: Stall): string {
  return `${domain}: ${what}: ${ENDS[owes.end]}${owes.domain} ${text}, for ${Math.round(age / 1000)} s`;
}
