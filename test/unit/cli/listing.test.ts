// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import type { Columns } from '../../../src/cli/format/columns.ts';
import { type ListingFlags, list } from '../../../src/cli/listing.ts';
import { parse } from '../../../src/sxp/parse.ts';

interface Row {
  readonly name: string;
  readonly size: number;
  readonly on?: boolean;
}

const COLUMNS: Columns<Row> = {
  name: { doc: 'What it is called.', of: ({ name }) => name },
  size: { doc: 'How much.', of: ({ size }) => size },
  on: { doc: 'Whether.', of: ({ on }) => on },
};

const rows: readonly Row[] = [
  { name: 'a', size: 10, on: true },
  { name: 'long, "name"', size: 2 },
];

const table = (all: readonly Row[]) => `TITLES\n${all.map(({ name }) => `<${name}>\n`).join('')}`;

const ask = (flags: Partial<ListingFlags> = {}, shown = rows) =>
  list('thing', shown, COLUMNS, { format: 'table', 'no-header': false, quiet: false, ...flags }, table);
const text = async (flags: Partial<ListingFlags>, shown = rows) => (await ask(flags, shown)).text;

describe('a list', () => {
  test('has its own form, unless something else is wanted', async () => {
    expect(await ask()).toEqual({ text: 'TITLES\n<a>\n<long, "name">\n', value: rows });
    expect(await text({ 'no-header': true })).toBe('<a>\n<long, "name">\n');
    expect(await text({ 'no-header': true }, [])).toBe('');
  });

  test('-c: chosen columns, in that order; numbers to the right, no blanks at the end', async () => {
    expect(await ask({ columns: 'size,name' })).toEqual({
      text: 'size  name\n  10  a\n   2  long, "name"\n',
      value: [
        { size: 10, name: 'a' },
        { size: 2, name: 'long, "name"' },
      ],
    });
    expect(await text({ columns: 'on,size', 'no-header': true })).toBe('true  10\n       2\n');
  });

  test('-q: the first column as it is', async () => {
    expect(await ask({ quiet: true })).toEqual({
      text: 'a\nlong, "name"\n',
      value: [{ name: 'a' }, { name: 'long, "name"' }],
    });
  });

  test('-c help says what there is', async () => {
    expect(await text({ columns: 'help' })).toBe(
      'column  meaning\nname    What it is called.\nsize    How much.\non      Whether.\n',
    );
  });

  test.each([
    ['siez', "did you mean 'size'?"],
    ['zzzz', 'there are name, size, on'],
    ['name,', 'there are name, size, on'],
    ['constructor', 'there are name, size, on'],
  ])('-c %s is refused', async (columns, hint) => {
    await expect(ask({ columns })).rejects.toMatchObject({ code: 'ECOLUMN', hint });
  });

  test('csv', async () => {
    expect(await text({ format: 'csv' })).toBe('name,size,on\na,10,true\n"long, ""name""",2,\n');
    expect(await text({ format: 'csv', columns: 'name', 'no-header': true })).toBe('a\n"long, ""name"""\n');
  });

  test('yaml: what is not plainly a word is in quotation marks', async () => {
    expect(await text({ format: 'yaml' })).toBe(
      '- name: a\n  size: 10\n  on: true\n- name: "long, \\"name\\""\n  size: 2\n  on: null\n',
    );
    const names = ['1', 'yes', 'a:b', '', '- x', '/local/domain/0', 'a\nb'].map((name) => ({ name, size: 0 }));
    expect(await text({ format: 'yaml', columns: 'name' }, names)).toBe(
      '- name: "1"\n- name: "yes"\n- name: "a:b"\n- name: ""\n- name: "- x"\n- name: /local/domain/0\n- name: "a\\nb"\n',
    );
    expect(await text({ format: 'yaml' }, [])).toBe('[]\n');
  });

  test('sxp: a form a row, that the parser reads', async () => {
    const printed = await text({ format: 'sxp' });
    expect(printed).toBe('(thing (name a) (size 10) (on true))\n(thing (name \'long, "name"\') (size 2))\n');
    expect(parse({ name: '-', text: printed }).diagnostics).toEqual([]);
  });

  test('json: what --json prints', async () => {
    expect(JSON.parse(await text({ format: 'json' }))).toEqual(rows);
    expect(JSON.parse(await text({ format: 'json', columns: 'size' }))).toEqual([{ size: 10 }, { size: 2 }]);
  });
});
