// SPDX-License-Identifier: Apache-2.0
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';

const root = resolve(import.meta.dirname, '../..');
const text = readFileSync(join(root, 'src/idc/REQUIREMENTS.md'), 'utf8');
const rows = [...text.matchAll(/^\| (G?\d+) \| .* \|$/gm)].map(([line, name]) => ({
  name: name!,
  cells: line.split(' | ').slice(1),
}));

const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => `${from + index}`);
const GAPS = numbers(1, 13).map((number) => `G${number}`);
const SCENARIOS = [...numbers(1, 11), ...numbers(13, 29)];

describe('src/idc/REQUIREMENTS.md', () => {
  test('has each requirement, gap and scenario once, in order', () => {
    expect(rows.map(({ name }) => name)).toEqual([...numbers(1, 96), ...GAPS, ...SCENARIOS]);
  });

  test.each(rows)('$name names what exists', ({ cells }) => {
    const named = cells.join().matchAll(/`((?:src|test|configs)\/[^`]+\.\w+)`(?: "([^"]+)")?/g);
    for (const [, path, words] of named) {
      // Patterns are of no file.
      if (path!.includes('*')) continue;
      expect(existsSync(join(root, path!)), path).toBe(true);
      if (words !== undefined) expect(readFileSync(join(root, path!), 'utf8')).toContain(words);
    }
  });

  test.each(rows)('$name is shown by a test, or said to be open', ({ cells }) => {
    expect(cells.at(-1)).toMatch(/`test\/[^`]+` "|\*\*Open\*\*: /);
  });
});
