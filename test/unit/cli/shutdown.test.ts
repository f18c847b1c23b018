// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { endDomains } from '../../../src/cli/shutdown.ts';
import { noSuchDomain, XmError } from '../../../src/errors.ts';
import type { XendClient } from '../../../src/xend/client.ts';

const again = { done: true, again: true };
const gone = { done: true, again: false };

/** Ends all of some domains, each as said; @returns what was printed and what came of it. */
async function endAll(
  ends: Readonly<Record<string, (typeof gone & { forced?: number }) | Error>>,
  reason: 'poweroff' | 'reboot' = 'poweroff',
) {
  const lines: string[] = [];
  const all = ['Domain-0', ...Object.keys(ends)].map((name, domid) => ({ name, domid }));
  const call: XendClient['call'] = async (method, params) => {
    await null;
    const { domain = '' } = params as { readonly domain?: string };
    const result = method === 'domain.list' ? all : ends[domain];
    if (result instanceof Error) throw result;
    return result as never;
  };
  const outcome = endDomains(
    { call },
    {
      domain: undefined,
      all: true,
      reason,
      wait: true,
      say: (line) => lines.push(line),
    },
  );
  return { lines, outcome };
}

test('all of them', async () => {
  const { lines, outcome } = await endAll({ a: gone, b: gone });
  expect(await outcome).toEqual([
    { domain: 'a', ...gone },
    { domain: 'b', ...gone },
  ]);
  expect(lines).toEqual(['Domain a terminated\n', 'Domain b terminated\n', 'All domains terminated\n']);
});

test('a reboot of some is what became of each', async () => {
  const { lines, outcome } = await endAll({ a: again, b: gone }, 'reboot');
  await outcome;
  expect(lines).toEqual(['Domain a rebooted\n', 'Domain b terminated\n']);
});

test('one that did not end by itself is said to be ended by force', async () => {
  const { lines, outcome } = await endAll({ a: { ...gone, forced: 5 }, b: { ...again, forced: 0.5 } });
  await outcome;
  expect(lines).toEqual([
    'Domain a terminated by force: it did not end within 5 s\n',
    'Domain b rebooted by force: it did not end within 0.5 s\n',
  ]);
});

test('one that went by itself is no failure', async () => {
  const { lines, outcome } = await endAll({ a: noSuchDomain('a'), b: gone });
  expect(await outcome).toEqual([{ domain: 'b', ...gone }]);
  expect(lines).toEqual(['Domain b terminated\n', 'All domains terminated\n']);
});

test('those that cannot end hold no other up, and each is told', async () => {
  const paused = (name: string) => new XmError('EPAUSED', `Domain '${name}' is paused`, { hint: 'let it run' });
  const { lines, outcome } = await endAll({ a: paused('a'), b: gone, c: paused('c') });
  await expect(outcome).rejects.toMatchObject({
    code: 'EPAUSED',
    message: "Domain 'a' is paused",
    hint: "let it run; 1 more failed: Domain 'c' is paused",
    exit: 1,
  });
  expect(lines).toEqual(['Domain b terminated\n']);
});
