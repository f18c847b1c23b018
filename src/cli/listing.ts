// SPDX-License-Identifier: Apache-2.0
import { boolean, custom, string } from '@oclif/core/flags';
import { XmError } from '../errors.ts';
import { type Cells, type Columns, csvText, tableText, yamlText } from './format/columns.ts';
import { didYouMean } from './suggest.ts';

/** Forms in which a list is printed. */
const FORMATS = ['table', 'json', 'yaml', 'csv', 'sxp'] as const;

const format = custom<(typeof FORMATS)[number]>({
  char: 'o',
  description: `Form of the list: ${FORMATS.join(', ')}.`,
  helpValue: '<format>',
  options: [...FORMATS],
  default: 'table',
});

const columns = {
  description: 'Only these columns, in this order, with commas between them; help says what there is.',
  helpValue: '<column,...>',
};

/** Options of a list that has a meaning of its own for `-c`. */
export const plainListing = {
  format: format(),
  columns: string(columns),
  'no-header': boolean({ char: 'H', description: 'No line of titles.' }),
  quiet: boolean({ char: 'q', description: 'Only the first column, a line each, as it is.' }),
};

/** Options of a list. */
export const listing = {
  ...plainListing,
  columns: string({ ...columns, char: 'c' }),
};

/** Options that ask for another form than `-l` does. */
export const notWithLong = ['format', 'columns', 'quiet', 'no-header'];

/** What a user says about a list. */
export interface ListingFlags {
  readonly format: (typeof FORMATS)[number];
  readonly columns?: string | undefined;
  readonly 'no-header': boolean;
  readonly quiet: boolean;
}

/** A list as text, and what `--json` shows of it. */
export interface Listed {
  readonly text: string;
  readonly value: readonly unknown[];
}

/**
 * Prints rows as a user wants them.
 *
 * @param kind what a row is, in SXP
 * @param table the list in its own form, for who wants nothing else
 * @throws XmError `ECOLUMN` for a column that there is not
 */
export async function list<T extends object>(
  kind: string,
  rows: readonly T[],
  columns: Columns<T>,
  flags: ListingFlags,
  table: (rows: readonly T[]) => string,
): Promise<Listed> {
  const all = Object.keys(columns);
  if (flags.columns === 'help') {
    const docs = all.map((name) => ({ column: name, meaning: columns[name]!.doc }));
    return { text: tableText(docs, ['column', 'meaning'], !flags['no-header']), value: docs };
  }
  const chosen = flags.quiet ? all.slice(0, 1) : flags.columns && chooseColumns(flags.columns, all);
  if (!chosen && flags.format === 'table') {
    const text = table(rows);
    return { text: flags['no-header'] ? text.slice(text.indexOf('\n') + 1) : text, value: rows };
  }
  const names = chosen || all;
  const cells = rows.map((row): Cells => Object.fromEntries(names.map((name) => [name, columns[name]!.of(row)])));
  const value = chosen ? cells : rows;
  if (flags.format === 'json') return { text: `${JSON.stringify(value, null, 2)}\n`, value };
  const header = !flags['no-header'] && !flags.quiet;
  return { text: await render(kind, cells, names, header, flags.format), value };
}

function chooseColumns(wanted: string, all: readonly string[]): readonly string[] {
  return wanted.split(',').map((name) => {
    if (all.includes(name)) return name;
    const near = didYouMean(name, all);
    const hint = near === undefined ? `there are ${all.join(', ')}` : `did you mean '${near}'?`;
    throw new XmError('ECOLUMN', `There is no column '${name}'.`, { hint });
  });
}

async function render(
  kind: string,
  cells: readonly Cells[],
  names: readonly string[],
  header: boolean,
  form: ListingFlags['format'],
): Promise<string> {
  if (form === 'yaml') return yamlText(cells, names);
  if (form === 'csv') return csvText(cells, names, header);
  if (form === 'table') return tableText(cells, names, header);
  const { show } = await import('../sxp/show.ts');
  const fields = (row: Cells) => names.flatMap((name) => (row[name] === undefined ? [] : [[name, asAtom(row[name])]]));
  return cells.map((row) => `${show([kind, ...fields(row)])}\n`).join('');
}

const asAtom = (cell: string | number | boolean): string | number => (typeof cell === 'number' ? cell : String(cell));
