// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { choiceOf } from '../../../src/tui/choice.ts';
import { createHistory } from '../../../src/tui/history.ts';
import { layout } from '../../../src/tui/layout.ts';
import type { World } from '../../../src/tui/page.ts';
import { pageNamed, pages } from '../../../src/tui/pages/index.ts';
import { sample } from '../../../src/tui/sample.ts';
import { initialView } from '../../../src/tui/view.ts';
import { earlier, later } from './readings.ts';

const world: World = { sample: sample(earlier, later), reading: later, history: createHistory() };
const valuesOf = (view: string, options: object) =>
  pageNamed(view).values(world, choiceOf({ view, ...options }, 'table'));

test('without options nothing is chosen, in any form', () => {
  expect(choiceOf({ view: 'rings' }, 'json')).toBeUndefined();
});

test('reports have the columns, the rows and the order that options say; a minus turns it round', () => {
  const options = { columns: 'device,REQ/s', filter: '!console' };
  expect(valuesOf('rings', options)).toEqual([
    ['DEVICE', 'REQ/s'],
    ['xvda', '200'],
    ['echo', '-'],
    [':7', '200'],
  ]);
  const names = (sort: string) =>
    valuesOf('domains', { columns: 'name', sort })
      .slice(1)
      .map(([name]) => name);
  expect(names('cpuSeconds')).toEqual(['Domain-0', 'guest', 'demo']);
  expect(names('-CPU(sec)')).toEqual(['demo', 'guest', 'Domain-0']);
});

test('the screen begins with them', () => {
  const choice = choiceOf({ view: 'rings', columns: 'device,class', sort: 'class', filter: 'demo' }, undefined);
  const { lines } = layout(initialView(3, 'rings', choice), world, undefined, { columns: 80, rows: 24 });
  const text = lines.map((line) => line.text).join('\n');
  expect(text).toContain("by CLASS, only 'demo' (2 hidden)");
  expect(text).toMatch(/^ {2}CLASS\*? +DEVICE *\n> console console *\n {2}vbd +xvda *\n/m);
});

test('a column that is not there is refused with what there is, JSON with another way', () => {
  expect(() => choiceOf({ sort: 'mem' }, undefined)).toThrow("The view 'domains' has no column 'mem'.");
  expect(() => choiceOf({ filter: 'demo' }, 'json')).toThrow('JSON has all rows');
});

test('columns are the same wherever rows are', () => {
  for (const { columns, values } of pages) {
    const titles = columns.map(({ title }) => title);
    expect(values(world)[0]!.every((title) => titles.includes(title))).toBe(true);
  }
});
