// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { screenLines } from '../../../src/tui/layout.ts';
import { sample } from '../../../src/tui/sample.ts';
import { initialView, type View } from '../../../src/tui/view.ts';
import { after, before, domainStats, ringStats, stats } from './stats.ts';

const round = sample(before, after);
const crowd = sample(
  undefined,
  stats(
    Array.from({ length: 200 }, (_, index) => domainStats(index, `dom${index}`)),
    Array.from({ length: 1000 }, (_, index) => ringStats(index % 200, `xvd${index}`)),
  ),
);
const view = (more: Partial<View> = {}): View => ({ ...initialView(3), ...more });

describe('any terminal', () => {
  for (const columns of [1, 10, 40, 80, 250]) {
    for (const rows of [1, 2, 3, 5, 8, 12, 15, 24, 70]) {
      test(`${columns}x${rows}: never wider than the terminal, one line lower`, () => {
        for (const shown of [round, crowd, sample(undefined, stats([]))]) {
          for (const state of [view(), view({ help: true }), view({ entry: '1' }), view({ selected: 1 })]) {
            const lines = screenLines(state, shown, undefined, { columns, rows });
            expect(lines.length).toBe(Math.max(1, rows - 1));
            for (const { text } of lines) expect(text.length).toBeLessThanOrEqual(columns);
          }
        }
      });
    }
  }

  test('narrow terminals keep what matters', () => {
    const titles = (columns: number) =>
      screenLines(view(), round, undefined, { columns, rows: 24 }).find(({ text }) => text.includes('NAME'))?.text;
    expect(titles(40)?.split(/ +/).filter(Boolean)).toEqual(['NAME', 'STATE', 'CPU(%)', 'MEM(k)']);
    expect(titles(250)).toContain('VBD_WSECT');
  });
});

describe('domains', () => {
  test.each([0, 1, 99, 150, 199])('number %i of 200 is on the screen when it is selected', (selected) => {
    const lines = screenLines(view({ selected }), crowd, undefined, { columns: 80, rows: 24 });
    const marked = lines.filter(({ text }) => text.startsWith('> '));
    expect(marked).toEqual([
      expect.objectContaining({ text: expect.stringContaining(`dom${selected} `), style: 'selected' }),
    ]);
  });

  test('all lines are used when there are more domains than lines', () => {
    const lines = screenLines(view(), crowd, undefined, { columns: 80, rows: 24 });
    expect(lines.length).toBe(23);
  });

  test('are sorted by the chosen column, numbers from the top', () => {
    const names = (sort: string | undefined) =>
      screenLines(view({ sort }), round, undefined, { columns: 80, rows: 24 })
        .map(({ text }) => /^[> ] +(Domain-0|demo) /.exec(text)?.[1])
        .filter(Boolean);
    expect(names(undefined)).toEqual(['Domain-0', 'demo']);
    expect(names('vbdReads')).toEqual(['demo', 'Domain-0']);
    expect(names('name')).toEqual(['Domain-0', 'demo']);
  });

  test('a selected domain that is gone selects the first', () => {
    const lines = screenLines(view({ selected: 77 }), round, undefined, { columns: 80, rows: 24 });
    expect(lines.find(({ text }) => text.startsWith('> '))?.text).toContain('Domain-0');
  });
});

describe('rings', () => {
  test('are those of the selected domain', () => {
    const text = (selected: number) =>
      screenLines(view({ selected }), round, undefined, { columns: 120, rows: 24 })
        .map((line) => line.text)
        .join('\n');
    expect(text(1)).toMatch(/Rings of demo\n.*\n {2}xvda .* 8\/32 \[###\.{7}\] +200 /);
    expect(text(0)).not.toContain('Rings');
  });

  test('that do not fit are counted', () => {
    const rings = Array.from({ length: 50 }, (_, index) => ringStats(0, `xvd${index}`));
    const many = sample(undefined, stats([domainStats(0, 'Domain-0')], rings));
    const lines = screenLines(view(), many, undefined, { columns: 80, rows: 24 }).map(({ text }) => text);
    const shown = lines.filter((line) => line.startsWith('  xvd')).length;
    expect(lines).toContain(`Rings of Domain-0 (${shown} of 50)`);
    expect(shown).toBeGreaterThan(10);
  });
});

test('a round that fails is said in the last line, over the last numbers', () => {
  const lines = screenLines(view(), round, 'Unable to connect to xend', { columns: 80, rows: 24 });
  expect(lines.at(-1)).toEqual({ text: 'Unable to connect to xend', style: 'alert' });
  expect(lines.some(({ text }) => text.includes('demo'))).toBe(true);
});
