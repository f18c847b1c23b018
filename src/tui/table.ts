// SPDX-License-Identifier: Apache-2.0

/** One column of a table with one line a row; shared by the batch mode and the screen. */
export interface Column<Row> {
  readonly key: string;
  readonly title: string;
  /** Characters; longer values are cut. */
  readonly width: number;
  /** Aligned to the left; else to the right. */
  readonly left?: boolean;
  /** Columns with the highest rank go first when there is no room for all. */
  readonly rank: number;
  readonly text: (row: Row) => string;
  /** What rows are sorted by; a text ascends, a number descends. */
  readonly order?: (row: Row) => number | string;
}

/** The titles in one line. */
export function headerLine<Row>(columns: readonly Column<Row>[]): string {
  return columns.map((column) => cell(column.title, column)).join(' ');
}

/** One row in one line. */
export function rowLine<Row>(columns: readonly Column<Row>[], row: Row): string {
  return columns.map((column) => cell(column.text(row), column)).join(' ');
}

/** The most important columns that fit into `width` characters, in their usual order; at least the first of them. */
export function fitColumns<Row>(columns: readonly Column<Row>[], width: number): readonly Column<Row>[] {
  const kept = new Set<Column<Row>>();
  let free = width + 1;
  for (const column of [...columns].sort((a, b) => a.rank - b.rank)) {
    if (free < column.width + 1 && kept.size > 0) break;
    kept.add(column);
    free -= column.width + 1;
  }
  return columns.filter((column) => kept.has(column));
}

/** Rows sorted by a column; rows that are equal in it keep their order. */
export function sortRows<Row>(rows: readonly Row[], { order, text }: Column<Row>): Row[] {
  const value = order ?? text;
  return [...rows].sort((a, b) => {
    const [x, y] = [value(a), value(b)];
    if (typeof x === 'number' && typeof y === 'number') return y - x;
    return x < y ? -1 : x > y ? 1 : 0;
  });
}

function cell(text: string, { width, left }: { readonly width: number; readonly left?: boolean }): string {
  const cut = text.slice(0, width);
  return left ? cut.padEnd(width) : cut.padStart(width);
}
