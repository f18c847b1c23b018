// SPDX-License-Identifier: Apache-2.0
import type { ListedDomain } from '../xend/contract.ts';

/** States that `xm list --state` takes (spec/xend.md 4.3), and the letters of `DomainInfo.state` that they mean; `o` is off, `z` suspended. */
const LETTERS: Readonly<Record<string, string>> = {
  halted: 'sdo',
  paused: 'p',
  running: 'rb-',
  suspended: 'z',
  shutdown: 'sd',
  crashed: 'c',
  unknown: '',
  all: 'rbpscd-oz',
};

/** The names of the states. */
export const STATES: readonly string[] = Object.keys(LETTERS);

/** What of a domain says in which state it is. */
type Standing = Pick<ListedDomain, 'state'> & { readonly suspended?: boolean };

/** The letter of a state, `-` for none; a domain that is not started has no state. */
const letterOf = ({ state, suspended }: Standing): string =>
  state.replaceAll('-', '').at(0) ?? state.at(0) ?? (suspended ? 'z' : 'o');

/** @param state one of {@link STATES} */
export function isInState(domain: Standing, wanted: string): boolean {
  return LETTERS[wanted]!.includes(letterOf(domain));
}

const WORDS: Readonly<Record<string, string>> = {
  r: 'running',
  b: 'idle',
  p: 'paused',
  s: 'shutdown',
  c: 'crashed',
  d: 'dying',
  '-': 'running',
  o: 'shutoff',
  z: 'suspended',
};

/** The state of a domain in a word, as `xm domstate` prints it. */
export function stateWord(domain: Standing): string {
  return WORDS[letterOf(domain)]!;
}
