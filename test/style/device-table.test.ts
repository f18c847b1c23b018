// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { DEVICE_TABLE, type DeviceState, type Transition } from '../../src/xend/device-table.ts';

/** The diagram in xend's README is the table's. After a change of the table: `npx vitest run test/style/device-table.test.ts -u`. */

const readme = join(resolve(import.meta.dirname, '../..'), 'src/xend/README.md');

const rows = Object.entries(DEVICE_TABLE).flatMap(([from, events]) =>
  Object.entries(events as Record<string, Transition>).map(([event, { steps, to }]) => ({ from, event, steps, to })),
);

/** States and what leads from one to another, as mermaid draws it. */
function diagram(): string {
  const edges = new Map<string, string[]>();
  for (const { from, event, to } of rows) {
    const edge = `${from} --> ${to}`;
    edges.set(edge, [...(edges.get(edge) ?? []), event]);
  }
  const lines = [...edges].map(([edge, events]) => `    ${edge}: ${events.join(', ')}`);
  return ['```mermaid', 'stateDiagram-v2', '    [*] --> new', ...lines, '    closed --> [*]', '```'].join('\n');
}

/** The steps of each transition. */
function table(): string {
  const lines = rows.map(({ from, event, steps, to }) => `| ${from} | ${event} | ${steps.join(', ') || '-'} | ${to} |`);
  return ['| from | event | steps | to |', '|---|---|---|---|', ...lines].join('\n');
}

test('the diagram in src/xend/README.md is that of the table', async () => {
  const text = readFileSync(readme, 'utf8');
  const place = /(<!-- of device-table.ts -->\n)[\s\S]*?(\n<!-- end -->)/;
  expect(text).toMatch(place);
  const drawn = text.replace(place, (_all, start: string, end: string) => `${start}${diagram()}\n\n${table()}${end}`);
  await expect(drawn).toMatchFileSnapshot(readme);
});

test('every state but the first and the last can be reached and left', () => {
  for (const state of Object.keys(DEVICE_TABLE) as DeviceState[]) {
    if (state !== 'new') expect(rows.filter(({ from, to }) => to === state && from !== state)).not.toEqual([]);
    if (state !== 'closed') expect(rows.filter(({ from, to }) => from === state && to !== state)).not.toEqual([]);
  }
});
