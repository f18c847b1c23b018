// SPDX-License-Identifier: Apache-2.0

/** What a row has in a column; absent where it has nothing. */
export type Cell = string | number | boolean | undefined;

/** A column of a list. */
export interface Column<T> {
  /** What it means, for `-c help`. */
  readonly doc: string;
  readonly of: (row: T) => Cell;
}

/** The columns of a list by their names. The first one is what `-q` prints. */
export type Columns<T> = Readonly<Record<string, Column<T>>>;

/** Rows as text: their cells by the names of columns. */
export type Cells = Readonly<Record<string, Cell>>;

const text = (cell: Cell): string => (cell === undefined ? '' : String(cell));

/** Characters of the column of names in a list of Xen's: as many as it always had, more for longer names. */
export function nameWidth(rows: readonly { readonly name: string }[], usual: number): number {
  return Math.max(usual, ...rows.map(({ name }) => name.length));
}

/** A line a row; columns as wide as needed, numbers to the right. */
export function tableText(rows: readonly Cells[], names: readonly string[], header: boolean): string {
  const lines = [...(header ? [names] : []), ...rows.map((row) => names.map((name) => text(row[name])))];
  const widths = names.map((_, at) => Math.max(0, ...lines.map((line) => line[at]!.length)));
  const right = names.map((name) => rows.some((row) => typeof row[name] === 'number'));
  const pad = (cell: string, at: number) => (right[at] ? cell.padStart(widths[at]!) : cell.padEnd(widths[at]!));
  return lines.map((line) => `${line.map(pad).join('  ').trimEnd()}\n`).join('');
}

/** RFC 4180, but for the ends of lines, which are those of Unix. */
export function csvText(rows: readonly Cells[], names: readonly string[], header: boolean): string {
  const field = (value: string) => (/[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value);
  const lines = [...(header ? [names] : []), ...rows.map((row) => names.map((name) => text(row[name])))];
  return lines.map((line) => `${line.map(field).join(',')}\n`).join('');
}

/** What means the same in YAML without quotation marks: neither a number nor a word that stands for something. */
const PLAIN = /^[A-Za-z/][\w/.-]*$/;
const WORDS = /^(?:true|false|null|yes|no|on|off|y|n)$/i;

/** A list of mappings. */
export function yamlText(rows: readonly Cells[], names: readonly string[]): string {
  const scalar = (cell: Cell) =>
    typeof cell === 'string' && PLAIN.test(cell) && !WORDS.test(cell) ? cell : JSON.stringify(cell ?? null);
  const item = (row: Cells) => names.map((name, at) => `${at === 0 ? '- ' : '  '}${name}: ${scalar(row[name])}\n`);
  return rows.length === 0 ? '[]\n' : rows.flatMap(item).join('');
}
