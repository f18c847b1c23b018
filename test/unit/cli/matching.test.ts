// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { matchingDomains } from '../../../src/cli/matching.ts';
import type { DomainInfo } from '../../../src/xend/contract.ts';

const names = ['Domain-0', 'web', 'web-1', 'web-2', 'web.1', 'db+1', 'a/b'];
const all = names.map((name, domid): DomainInfo => {
  return { domid, name, uuid: '', memory: 16, vcpus: 1, state: '-b----', cpuTime: 0, startTime: 0, uptime: 0 };
});
const match = (...words: string[]) => matchingDomains(words, async () => all);

test('names are passed on as they are, and nobody is asked', async () => {
  const asked = matchingDomains(['web', 'nobody', '0', 'web'], () => Promise.reject(new Error('asked')));
  expect(await asked).toEqual(['web', 'nobody', '0']);
});

test.each([
  ['web-*', ['web-1', 'web-2']],
  ['web?1', ['web-1', 'web.1']],
  ['web.*', ['web.1']],
  ['*+1', ['db+1']],
  ['a/?', ['a/b']],
  ['*', names.slice(1)],
])('%s', async (pattern, expected) => {
  expect(await match(pattern)).toEqual(expected);
});

test('each is meant once', async () => {
  expect(await match('web-1', 'web-*')).toEqual(['web-1', 'web-2']);
});

test('a pattern that means none, and Domain-0 is never meant', async () => {
  await expect(match('web', 'nothing-*')).rejects.toMatchObject({ exit: 3, message: /nothing-\*/ });
  await expect(match('Domain-?')).rejects.toMatchObject({ exit: 3 });
});
