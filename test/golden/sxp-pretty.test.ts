// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import type { Sxp } from '../../src/sxp/contract.ts';
import { prettyPrint } from '../../src/sxp/pretty.ts';

test('a domain', () => {
  const domain: Sxp = [
    'domain',
    ['domid', 1],
    ['name', 'vm one'],
    ['image', ['linux', ['kernel', `/boot/${'x'.repeat(40)}`], ['root', '/dev/sda1 ro']]],
    ['device', ['vif', ['mac', '00:16:3e:00:00:01'], ['bridge', 'xenbr0']]],
    ['cpus', [[0, 1], [2]]],
  ];
  expect(prettyPrint(domain)).toBe(`(domain
    (domid 1)
    (name 'vm one')
    (image
        (linux
            (kernel /boot/xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx)
            (root '/dev/sda1 ro')
        )
    )
    (device (vif (mac 00:16:3e:00:00:01) (bridge xenbr0)))
    (cpus ((0 1) (2)))
)
`);
});

test('80 columns fit, 81 do not', () => {
  expect(prettyPrint(['a', 'x'.repeat(76)])).toBe(`(a ${'x'.repeat(76)})\n`);
  expect(prettyPrint(['a', 'x'.repeat(77)])).toBe(`(a\n    ${'x'.repeat(77)}\n)\n`);
});

test('quotes count', () => {
  expect(prettyPrint(['a', `x ${'x'.repeat(72)}`])).toBe(`(a 'x ${'x'.repeat(72)}')\n`);
  expect(prettyPrint(['a', `x ${'x'.repeat(73)}`])).toBe(`(a\n    'x ${'x'.repeat(73)}'\n)\n`);
});

test('inner lists count from their own column', () => {
  const inner: Sxp = ['b', 'x'.repeat(72)];
  expect(prettyPrint(['aa', inner])).toBe(`(aa\n    (b ${'x'.repeat(72)})\n)\n`);
  const longer: Sxp = ['b', 'x'.repeat(73)];
  expect(prettyPrint(['aa', longer])).toBe(`(aa\n    (b\n        ${'x'.repeat(73)}\n    )\n)\n`);
});

test('a list as first item starts right after the parenthesis', () => {
  expect(prettyPrint([['k', 'v'], 'x'.repeat(80)])).toBe(`((k v)\n    ${'x'.repeat(80)}\n)\n`);
  const long = 'x'.repeat(80);
  expect(prettyPrint([['k', long], 'v'])).toBe(`((k\n     ${long}\n )\n    v\n)\n`);
});

test('texts and the empty list stay on one line', () => {
  expect(prettyPrint('x'.repeat(100))).toBe(`${'x'.repeat(100)}\n`);
  expect(prettyPrint('')).toBe("''\n");
  expect(prettyPrint([])).toBe('()\n');
});
