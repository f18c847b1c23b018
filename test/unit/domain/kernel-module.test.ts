// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { explainModule } from '../../../src/domain/kernel-module.ts';

test.each<[string, unknown, string]>([
  ['no error', null, 'null'],
  ['the first of its lines', 'one\ntwo', 'one'],
  ['a long story, cut', 'bad'.repeat(1e6), `${'bad'.repeat(166)}ba...`],
  [
    'what cannot be shown',
    {
      toString() {
        throw new Error('no');
      },
    },
    'something was thrown that cannot be shown',
  ],
  ['an object without a prototype', Object.create(null), 'something was thrown that cannot be shown'],
])('what a module threw: %s', (_what, thrown, expected) => {
  expect(explainModule(thrown, '/none.ts')).toBe(expected);
});
