// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { vmText } from '../support/vm.ts';
import { startXend } from '../support/xend.ts';

/** Configurations of several domains. */
const config = (...names: readonly string[]) => ({
  text: names.map((name) => vmText({ name, kernel: 'idle' })).join('\n'),
  file: 'several.sxp',
});

test('all of them are created, in their order', async () => {
  await using xend = await startXend();
  const { directory } = xend;
  const { domains } = await xend.call('domain.create', { ...config('b', 'a', 'c'), directory });
  expect(domains.map(({ name, domid }) => [name, domid])).toEqual([
    ['b', 1],
    ['a', 2],
    ['c', 3],
  ]);
});

test('when one cannot be created, none is left', async () => {
  await using xend = await startXend();
  const { directory } = xend;
  await xend.create({ name: 'taken', kernel: 'idle' });
  const created = xend.call('domain.create', { ...config('one', 'two', 'taken', 'three'), directory });
  await expect(created).rejects.toMatchObject({ code: 'EEXIST' });
  expect((await xend.call('domain.list', {})).map(({ name }) => name)).toEqual(['Domain-0', 'taken']);
});
