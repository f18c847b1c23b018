// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { readAskedFor } from '../../../../src/config/python/read.ts';

const asked = (text: string) => {
  const { asked, diagnostics } = readAskedFor({ name: 'a.cfg', text });
  return { asked, said: diagnostics.map(({ message }) => message) };
};

test('what a configuration declares is what it asks for; what follows is not evaluated', () => {
  const text = `
xm_vars.var('vmid', use="Number of the domain.", check=int)
xm_vars.var('zone')
xm_vars.check()
name = "VM%d" % vmid
`;
  expect(asked(text)).toEqual({ asked: [{ name: 'vmid', use: 'Number of the domain.' }, { name: 'zone' }], said: [] });
});

test('one may ask for more where help is wanted, or for nothing', () => {
  expect(asked("if xm_help:\n    xm_vars.var('more')\n").asked).toEqual([{ name: 'more' }]);
  expect(asked("name = 'x'\n")).toEqual({ asked: [], said: [] });
});

test.each(['x = ', 'x = nothing\n', 'import socket\n', '<xm/>'])('%j is wrong, which is said', (text) => {
  expect(asked(text)).toMatchObject({ asked: [], said: [expect.any(String)] });
});
