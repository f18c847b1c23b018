// SPDX-License-Identifier: Apache-2.0
import type { DomainInfo } from '../xend/contract.ts';

/** States that `xm list --state` takes (spec/xend.md 4.3), and the letters of `DomainInfo.state` that they mean; `o` is off. */
const LETTERS: Readonly<Record<string, string>> = {
  halted: 'sdo',
  paused: 'p',
  running: 'rb-',
  suspended: '',
  shutdown: 'sd',
  crashed: 'c',
  unknown: '',
  all: 'rbpscd-o',
};

/** The names of the states. */
export const STATES: readonly string[] = Object.keys(LETTERS);

/** The letter of a state, `-` for none; a domain that is not started has no state. */
const letterOf = (state: string): string => state.replaceAll('-', '').at(0) ?? state.at(0) ?? 'o';

/** @param state one of {@link STATES} */
export function isInState({ state }: Pick<DomainInfo, 'state'>, wanted: string): boolean {
  return LETTERS[wanted]!.includes(letterOf(state));
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
};

/** The state of a domain in a word, as `xm domstate` prints it. */
export function stateWord({ state }: Pick<DomainInfo, 'state'>): string {
  return WORDS[letterOf(state)]!;
}
