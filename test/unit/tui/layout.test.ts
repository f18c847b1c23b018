// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { createHistory } from '../../../src/tui/history.ts';
import { layout } from '../../../src/tui/layout.ts';
import type { World } from '../../../src/tui/page.ts';
import { pages } from '../../../src/tui/pages/index.ts';
import type { Reading } from '../../../src/tui/reading.ts';
import { sample } from '../../../src/tui/sample.ts';
import { choose, initialView, type View } from '../../../src/tui/view.ts';
import { earlier, later } from './readings.ts';
import { domainStats, ringStats, stats } from './stats.ts';

function worldOf(before: Reading | undefined, now: Reading): World {
  const world = { sample: sample(before, now), reading: now, history: createHistory() };
  world.history.add(world.sample);
  return world;
}

const world = worldOf(earlier, later);
const crowd = worldOf(undefined, {
  stats: stats(
    Array.from({ length: 200 }, (_, index) => domainStats(index, `dom${index}`)),
    Array.from({ length: 1000 }, (_, index) => ringStats(index % 200, `xvd${index}`)),
  ),
});
const view = (more: Partial<View> = {}): View => ({ ...initialView(3), ...more });
const textOf = (state: View, size = { columns: 80, rows: 24 }, of = world) =>
  layout(state, of, undefined, size).lines.map(({ text }) => text);

describe('any terminal', () => {
  for (const columns of [1, 10, 40, 60, 250]) {
    for (const rows of [1, 2, 3, 5, 8, 12, 15, 70]) {
      test(`${columns}x${rows}: never wider than the terminal, one line lower`, () => {
        for (const shown of [world, crowd, worldOf(undefined, { stats: stats([]) })]) {
          for (const { name: page } of pages) {
            const states = [
              view({ page }),
              view({ page, over: { kind: 'help', scroll: 0 } }),
              view({ page, over: { kind: 'columns', at: 3 } }),
              view({ page, over: { kind: 'row', id: '1 demo', scroll: 2 } }),
              view({ page, entry: { of: 'delay', text: '1' } }),
            ];
            for (const state of states) {
              const { lines } = layout(state, shown, undefined, { columns, rows });
              expect(lines.length).toBe(Math.max(1, rows - 1));
              for (const { text } of lines) expect(text.length).toBeLessThanOrEqual(columns);
            }
          }
        }
      });
    }
  }

  test('narrow terminals keep what matters', () => {
    const titles = (columns: number) =>
      textOf(view(), { columns, rows: 24 })
        .find((text) => text.includes('NAME'))
        ?.split(/ +/)
        .filter(Boolean);
    expect(titles(40)).toEqual(['NAME', 'STATE', 'CPU(%)', 'MEM(k)']);
    expect(titles(250)).toContain('VBD_WSECT');
  });
});

describe('what is too long', () => {
  test('names are whole where there is room, and cut where there is none', () => {
    const long = worldOf(undefined, {
      stats: stats([domainStats(0, 'Domain-0'), domainStats(1, 'a-very-long-name')], [ringStats(1, 'xvda')]),
    });
    const shows = (page: string, columns: number) => textOf(view({ page }), { columns, rows: 24 }, long).join('\n');
    for (const page of ['domains', 'rings']) expect(shows(page, 250)).toContain(' a-very-long-name ');
    expect(shows('domains', 38)).toMatch(/ a-very-\S*… +--b--- +0\.0/);
  });

  test('the page that is shown is named in a narrow terminal too, and the others can be clicked', () => {
    const { lines } = layout(view({ page: 'log' }), world, undefined, { columns: 40, rows: 24 });
    const tabs = lines.find(({ text }) => text.includes('[7 log]'));
    expect(tabs?.text.trimEnd().length).toBeLessThanOrEqual(40);
    expect(tabs?.hits?.map(({ key }) => key)).toEqual(pages.map(({ name }) => `page:${name}`));
    expect(lines.at(-1)?.text).toContain('? help');
  });
});

describe('rows', () => {
  test.each([0, 1, 99, 150, 199])('number %i of 200 is on the screen when it is selected', (number) => {
    const state = choose(view(), { selected: `${number} dom${number}` });
    const marked = layout(state, crowd, undefined, { columns: 80, rows: 24 }).lines.filter(({ text }) =>
      text.startsWith('> '),
    );
    expect(marked).toEqual([
      expect.objectContaining({ text: expect.stringContaining(`dom${number} `), style: 'selected' }),
    ]);
  });

  test('are sorted by the chosen column, numbers from the top, and the title says it', () => {
    const names = (sort: string | undefined, reverse = false) =>
      textOf(choose(view(), { sort, reverse }))
        .map((text) => /^[> ] +(Domain-0|demo|guest) /.exec(text)?.[1])
        .filter(Boolean);
    expect(names(undefined)).toEqual(['Domain-0', 'demo', 'guest']);
    expect(names('cpuPercent')).toEqual(['Domain-0', 'guest', 'demo']);
    expect(names('cpuPercent', true)).toEqual(['demo', 'guest', 'Domain-0']);
    expect(textOf(choose(view(), { sort: 'name' })).join()).toContain('*NAME');
  });

  test('pass a filter or not', () => {
    const shown = (filter: string) => textOf(choose(view({ page: 'rings' }), { filter })).join('\n');
    expect(shown('XVDA')).toMatch(/xvda/);
    expect(shown('xvda')).not.toMatch(/console/);
    expect(shown('!xvda')).not.toMatch(/ xvda /);
    expect(shown('xvda')).toContain("only 'xvda' (4 hidden)");
  });

  test('of a tree are found by their paths, and say them when those above are not there', () => {
    const shown = (filter: string) => textOf(choose(view({ page: 'xenstore' }), { filter })).join('\n');
    expect(shown('1/NAME')).toMatch(/^> \/local\/domain\/1\/name /m);
    expect(shown('')).toMatch(/^ {10}name /m);
  });

  test('do not have the columns that were hidden', () => {
    expect(textOf(choose(view(), { hidden: ['state'] })).join()).not.toContain('STATE');
  });

  test('a selected one that is gone selects the first', () => {
    const lines = textOf(choose(view(), { selected: 'nobody' }));
    expect(lines.find((text) => text.startsWith('> '))).toContain('Domain-0');
  });

  test('a domain that has gone is faded and says why', () => {
    const row = { ...world.sample.domains[1]!, gone: 'crash: boom' };
    const left = { ...world, sample: { ...world.sample, domains: [world.sample.domains[0]!, row] } };
    const { lines } = layout(view(), left, undefined, { columns: 80, rows: 24 });
    expect(lines).toContainEqual(expect.objectContaining({ text: '        demo gone: crash: boom', style: 'faded' }));
    expect(lines[1]?.text).toMatch(/^1 domains: 1 running, 0 blocked/);
  });
});

test('a problem is in the last line, and nothing else is lost', () => {
  const lines = layout(view(), world, 'xend hung up', { columns: 80, rows: 24 }).lines;
  expect(lines.at(-1)).toEqual({ text: 'xend hung up', style: 'alert' });
  expect(lines.some(({ text }) => text.includes('Domain-0'))).toBe(true);
});

test('keys know which domain the selected row is about', () => {
  const domainOf = (more: Partial<View>) =>
    layout(view(more), world, undefined, { columns: 80, rows: 24 }).shown.domain;
  expect(domainOf({})).toBe('Domain-0');
  expect(domainOf({ page: 'grants' })).toBe('demo');
  expect(domainOf({ page: 'rings', over: { kind: 'row', id: world.sample.rings[2]!.id, scroll: 0 } })).toBe('guest');
  expect(domainOf({ page: 'log' })).toBeUndefined();
});
