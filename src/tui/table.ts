// SPDX-License-Identifier: Apache-2.0
import { printableLine } from '../words.ts';

/** One column of a table with one line a row; shared by the batch mode and the screen. */
export interface Column<Row> {
  readonly key: string;
  readonly title: string;
  /** Characters; longer values are {@link cut}. */
  readonly width: number;
  /** Aligned to the left; else to the right. */
  readonly left?: boolean;
  /** Takes what width is left, as far as its texts want it. */
  readonly grow?: boolean;
  /** Columns with the highest rank go first when there is no room for all. */
  readonly rank: number;
  /** What `?` and the choice of columns say it is, where the title does not. */
  readonly doc?: string;
  readonly text: (row: Row) => string;
  /** It is for the eye: reports do without it. */
  readonly picture?: boolean;
  /** What reports have instead, and the screen when some rows are not there or in another order. */
  readonly plain?: (row: Row) => string;
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

/** The most important columns that fit into `width` characters, in their usual order; at least the first of them. @param rows that they show */
export function fitColumns<Row>(
  columns: readonly Column<Row>[],
  width: number,
  rows: readonly Row[],
): readonly Column<Row>[] {
  const kept = new Set<Column<Row>>();
  let free = width + 1;
  for (const column of [...columns].sort((a, b) => a.rank - b.rank)) {
    if (free < column.width + 1 && kept.size > 0) break;
    kept.add(column);
    free -= column.width + 1;
  }
  return columns
    .filter((column) => kept.has(column))
    .map((column) => {
      if (!column.grow || free <= 1) return column;
      const longest = rows.reduce((most, row) => Math.max(most, column.text(row).length), column.width);
      const more = Math.min(longest - column.width, free - 1);
      free -= more;
      return { ...column, width: column.width + more };
    });
}

/** Rows sorted by a column; rows that are equal in it keep their order. */
export function sortRows<Row>(rows: readonly Row[], { order, text }: Column<Row>, reverse = false): Row[] {
  const sign = reverse ? -1 : 1;
  return rows
    .map((row) => ({ row, value: (order ?? text)(row) }))
    .sort(({ value: x }, { value: y }) => {
      if (typeof x === 'number' && typeof y === 'number') return sign * (y - x);
      return sign * (x < y ? -1 : x > y ? 1 : 0);
    })
    .map(({ row }) => row);
}

/** A column of numbers. @param digits behind the point */
export function number<Row>(
  key: string,
  title: string,
  width: number,
  rank: number,
  value: (row: Row) => number | undefined,
  digits = 0,
): Column<Row> {
  return {
    key,
    title,
    width,
    rank,
    text: (row) => value(row)?.toFixed(digits) ?? '-',
    order: (row) => value(row) ?? -1,
  };
}

/** A column of words. */
export function words<Row>(
  key: string,
  title: string,
  width: number,
  rank: number,
  text: (row: Row) => string,
): Column<Row> {
  return { key, title, width, rank, left: true, text };
}

/** So many characters of a text; one that is longer ends with a mark. */
export function cut(text: string, width: number): string {
  return text.length > width ? `${text.slice(0, width - 1)}…` : text;
}

function cell(text: string, { width, left }: { readonly width: number; readonly left?: boolean }): string {
  const shown = cut(printableLine(text), width);
  return left ? shown.padEnd(width) : shown.padStart(width);
}
