// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { createHistory } from '../../../src/tui/history.ts';
import type { World } from '../../../src/tui/page.ts';
import { pageNamed } from '../../../src/tui/pages/index.ts';
import { sample } from '../../../src/tui/sample.ts';
import { earlier, later } from './readings.ts';

const world: World = { sample: sample(earlier, later), reading: later, history: createHistory() };

function wishes(name: string, has: (line: string) => boolean) {
  const page = pageNamed(name);
  const { ids, fitInto } = page.table(world, { sort: undefined, reverse: false, filter: '', hidden: [] });
  const id = ids.find((one) => has(fitInto(250).line(one).text))!;
  return page.wishesOf(world, id);
}

test('a page wants what its table shows, and an opened row more', () => {
  expect(pageNamed('rings').wishesOf(world, undefined)).toEqual({});
  expect(pageNamed('rings').wishesOf(world, 'not there')).toEqual({});
  expect(pageNamed('grants').wishesOf(undefined, 'any')).toEqual({ grants: true });
  const xvda = { domid: 1, backId: 0, class: 'vbd', device: 'xvda', evtchn: 3, direction: 'front>back' };
  expect(wishes('rings', (line) => line.includes('xvda'))).toEqual({ about: ['demo', 'Domain-0'], messages: [xvda] });
  expect(wishes('grants', (line) => line.includes('xvda'))).toEqual({
    grants: true,
    about: ['demo', 'Domain-0'],
    messages: [xvda],
  });
});

test('what is at the other end and no domain is not asked for in the log', () => {
  expect(wishes('rings', (line) => line.includes('argo'))).toMatchObject({ about: ['guest'] });
});

test('endpoints want what happened at their address, nodes of the store what their domain did', () => {
  expect(wishes('endpoints', () => true)).toMatchObject({ about: ['demo', 'guest'], address: 'pair' });
  expect(wishes('xenstore', (line) => line.includes('name'))).toEqual({ store: true, about: ['demo'] });
  expect(wishes('xenstore', (line) => line.includes('tool'))).toEqual({ store: true });
});
