// SPDX-License-Identifier: Apache-2.0
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { xmHome } from '../support/xm.ts';

const debug = resolve(import.meta.dirname, '../../configs/debug-device/debug.ts');

test('the help of device-attach has the keys of the class that is named, if a xend runs that knows it', async () => {
  await using home = xmHome();
  const help = async (...words: string[]) => (await home.run(['device-attach', ...words, '--help'])).stdout;
  const plain = await help();
  expect(await help('web', 'vbd')).toBe(plain);
  expect(home.pid()).toBeUndefined();
  await home.ok(['xend', 'start']);
  expect(await help('web', 'vbd')).toBe(`${plain}\nKEYS\n${await home.ok(['device-classes', 'vbd'])}`);
  const own = `${plain}\nKEYS\n${await home.ok(['device-classes', '--class', debug])}`;
  expect(await help('web', '--class', debug, 'debug')).toBe(own);
  expect(await help('web', 'debug', `--class=${debug}`)).toBe(own);
  for (const words of [['web'], ['web', 'nic'], ['web', '--class', '/none.ts', 'debug']]) {
    expect(await help(...words)).toBe(plain);
  }
});
