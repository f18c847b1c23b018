// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { reporter, runBatch } from '../../src/tui/batch.ts';
import { createHistory } from '../../src/tui/history.ts';
import { pages } from '../../src/tui/pages/index.ts';
import type { Reading } from '../../src/tui/reading.ts';
import { sample } from '../../src/tui/sample.ts';
import { earlier, later, sourceOf } from '../unit/tui/readings.ts';
import { domainStats, stats } from '../unit/tui/stats.ts';

/** What the command writes in as many rounds as there are readings, one text a round. */
async function report(readings: readonly Reading[], options: Partial<Parameters<typeof reporter>[0]> = {}) {
  const rounds: string[] = [];
  await runBatch({
    source: sourceOf(readings),
    ...reporter({ form: undefined, view: undefined, fullNames: false, rings: true, ...options }),
    iterations: readings.length,
    delay: 0,
    write: (text) => rounds.push(text),
  });
  return rounds;
}

const normal = (text = '') => text.replaceAll(new Date(later.stats.time).toISOString(), 'NOW');

describe('xm top -b', () => {
  test('domains with the columns of xentop, then rings', async () => {
    const [, second] = await report([earlier, later]);
    await expect(second).toMatchFileSnapshot('reports/xentop.txt');
  });

  test.each(pages.map(({ name }) => name))('all columns of %s, as a table and separated by commas', async (view) => {
    const said = (text: string) => text !== '';
    const table = (await report([earlier, later], { view })).findLast(said);
    const csv = (await report([earlier, later], { view, form: 'csv' })).findLast(said);
    await expect(table).toMatchFileSnapshot(`reports/${view}.txt`);
    await expect(normal(csv)).toMatchFileSnapshot(`reports/${view}.csv`);
  });

  test('records of the log are in one report each, their titles in the first', async () => {
    const next = { ...later, log: [...later.log!, { ...later.log![0]!, number: later.log!.length, text: 'new' }] };
    const [first, second, third] = await report([earlier, later, next], { view: 'log' });
    expect(first).toMatch(/^WHEN .*\n.*Creating domain demo/);
    expect(second).toBe('');
    expect(third).toMatch(/^\S+ +INFO +\S+ +new\n$/);
    const logs = (await report([earlier, later, next], { view: 'log', form: 'json' })).map(
      (text) => JSON.parse(text).log,
    );
    expect(logs.map(({ length }) => length)).toEqual([earlier.log!.length, 0, 1]);
  });

  test('values of domains drive no terminal, and make no line of any length in a table', async () => {
    const value = `${'x'.repeat(3000)}\u202e`;
    const hostile = { path: '/local/domain/1/data', value: 'a\u202eb\nc', changed: 0 };
    const reading = { ...later, store: [...later.store!, { ...hostile, path: '/tool/long', value }, hostile] };
    const [table = ''] = await report([reading], { view: 'xenstore' });
    expect(Math.max(...table.split('\n').map(({ length }) => length))).toBeLessThan(200);
    expect(table).toContain('xxx…\n');
    expect(table).toContain('a\\u202eb\\nc\n');
    const [csv = ''] = await report([reading], { view: 'xenstore', form: 'csv' });
    expect(csv).toContain(`${'x'.repeat(3000)}\\u202e\n`);
  });

  test('titles stand once before values that commas separate', async () => {
    const [first = '', second = ''] = await report([earlier, later], { form: 'csv' });
    expect(first).toMatch(/^TIME,NAME,STATE,CPU\(sec\),/);
    expect(second).not.toContain('NAME');
  });

  test.each(pages.map(({ name }) => name))('no two titles of %s are the same, and all are there', async (view) => {
    const [first = ''] = await report([earlier], { view, form: 'csv' });
    const titles = first.split('\n')[0]!.split(',');
    expect(new Set(titles).size).toBe(titles.length);
  });

  test.each([
    [undefined, undefined],
    ['csv', 'domains'],
  ])('a domain that has gone is not reported as if it were there (%s)', (form, view) => {
    const { format } = reporter({ form, view, fullNames: false, rings: false });
    const now = sample(earlier, later);
    const [first, demo] = now.domains;
    const domains = [first!, { ...demo!, gone: 'crash: boom' }];
    const written = format({ sample: { ...now, domains }, reading: later, history: createHistory() }, 0);
    expect(written).toContain('Domain-0');
    expect(written).not.toContain('demo');
  });

  test('names are cut to ten characters unless asked', async () => {
    const long = { stats: stats([domainStats(1, 'a-very-long-name')]) };
    const name = async (fullNames: boolean) => (await report([long], { fullNames }))[0]?.split('\n')[1]?.split(' ')[0];
    expect(await name(false)).toBe('a-very-lo…');
    expect(await name(true)).toBe('a-very-long-name');
  });

  test('without rings, only the table of xentop', async () => {
    expect((await report([earlier], { rings: false }))[0]).not.toContain('DEVICE');
    expect((await report([{ stats: stats([]) }]))[0]).toMatch(/^ +NAME .*\n$/);
  });

  test('one JSON object a line, with what the page wants beside domains and rings', async () => {
    const rounds = (await report([earlier, later], { form: 'json', view: 'channels' })).map((line) => JSON.parse(line));
    expect(rounds.map(({ domains }) => domains[0].cpuPercent)).toEqual([0, 50]);
    expect(rounds[1].channels[0]).toMatchObject({ domain: 'demo', sentRate: 60 });
  });
});
