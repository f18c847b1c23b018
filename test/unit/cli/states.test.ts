// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { isInState, STATES, stateWord } from '../../../src/cli/states.ts';

test.each([
  ['r-----', 'running', ['running', 'all']],
  ['-b----', 'idle', ['running', 'all']],
  ['------', 'running', ['running', 'all']],
  ['--p---', 'paused', ['paused', 'all']],
  ['---s--', 'shutdown', ['halted', 'shutdown', 'all']],
  ['----c-', 'crashed', ['crashed', 'all']],
  ['-----d', 'dying', ['halted', 'shutdown', 'all']],
  ['', 'shutoff', ['halted', 'all']],
])('%j is %s', (state, word, states) => {
  expect(stateWord({ state })).toBe(word);
  expect(STATES.filter((wanted) => isInState({ state }, wanted))).toEqual(states);
});
