// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { ruleTable } from '../../src/cli/format/viptables.ts';

test('xm viptables list: a line for each rule; nothing without', () => {
  expect(ruleTable([])).toBe('');
  expect(
    ruleTable([
      { position: 1, accept: true, from: { domid: 3, domain: 'web' }, to: { domid: 0, domain: 'Domain-0', port: 80 } },
      { position: 2, accept: false, from: {}, to: { domid: 7 } },
    ]),
  ).toBe(
    [
      '   # Verdict From                         To',
      '   1 accept  web (3):*                    Domain-0 (0):80',
      '   2 reject  *:*                          7:*',
      '',
    ].join('\n'),
  );
});
