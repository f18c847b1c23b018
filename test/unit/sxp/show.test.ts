// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import type { Sxp } from '../../../src/sxp/contract.ts';
import { cite, show } from '../../../src/sxp/show.ts';

describe('bare', () => {
  test.each(['a', 'A1', '@', '1', '-1', '1.5', 'a.b-c_d:e/f~', '/boot/x', '00:16:3e:00:00:01', 'true'])(
    '%s',
    (text) => {
      expect(show(text)).toBe(text);
    },
  );
});

describe('quoted', () => {
  test.each([
    ['', "''"],
    ['a b', "'a b'"],
    ['a,b', "'a,b'"],
    ['a=b', "'a=b'"],
    ['a+b', "'a+b'"],
    ['a@b', "'a@b'"],
    ['*', "'*'"],
    ['a!b', "'a!b'"],
    [';x', "';x'"],
    ['#', "'#'"],
    ["it's", '"it\'s"'],
    ['say "x"', '\'say "x"\''],
    ['both \' and "', "'both \\' and \"'"],
    ["'\\", '"\'\\\\"'],
    ['\n\t\r\\', "'\\n\\t\\r\\\\'"],
    ['\0\u0007\u001f\u007f\u00e9\u00ff', "'\\x00\\x07\\x1f\\x7f\\xe9\\xff'"],
    ['\u0100\u65e5\u{1f600}', "'\u0100\u65e5\u{1f600}'"],
  ])('%j', (text, shown) => {
    expect(show(text)).toBe(shown);
  });
});

describe('numbers and lists', () => {
  const cases: readonly (readonly [Sxp, string])[] = [
    [5, '5'],
    [-3, '-3'],
    [2.5, '2.5'],
    [0.0001, '0.0001'],
    [0.00001, '1e-05'],
    [1e-7, '1e-07'],
    [1.5e-100, '1.5e-100'],
    [1e20, '1e+20'],
    [[], '()'],
    [['vm', ['name', ''], ['args', 'a b'], [[]]], "(vm (name '') (args 'a b') (()))"],
  ];
  test.each(cases)('%j', (value, shown) => {
    expect(show(value)).toBe(shown);
  });
});

test('a cited text is escaped and cut', () => {
  expect(cite('a\u001bb')).toBe("'a\\x1bb'");
  expect(cite('x'.repeat(100))).toBe(`'${'x'.repeat(60)}...'`);
});
