// SPDX-License-Identifier: Apache-2.0
import { printableLine } from '../words.ts';
import type { RingName } from '../xend/contract.ts';
import { createHistory, type History } from './history.ts';
import type { Reading, Wishes } from './reading.ts';
import { type RingRow, type Sample, sample as sampleOf } from './sample.ts';
import { type Column, fitColumns, headerLine, rowLine, sortRows } from './table.ts';

/** All that pages are made of: this round, and what was. */
export interface World {
  readonly sample: Sample;
  readonly reading: Reading;
  readonly history: History;
}

/** What a page is: a table of columns and a source of rows. */
export interface PageSpec<Row> {
  readonly name: string;
  readonly wishes: Wishes;
  /** Of this round; some draw what was. */
  readonly columns: (world: World) => readonly Column<Row>[];
  readonly rows: (world: World) => readonly Row[];
  /** Names a row as long as it is there. */
  readonly id: (row: Row) => string;
  /** The latest row is at the end, and shown unless another one is selected. */
  readonly tail?: boolean;
  /** What is said of a row in place of its columns, beside the first, if it is not what it was; reports do without it. */
  readonly remark?: (row: Row) => string | undefined;
  /** Domains whose log records the opened row wants, by name. */
  readonly about?: (row: Row, world: World) => readonly string[] | undefined;
  /** Rings whose messages it wants. */
  readonly ringsOf?: (row: Row, world: World) => readonly RingRow[];
  /** The address of the IDC API at which its ends meet, if it is there that they do. */
  readonly addressOf?: (row: Row, world: World) => string | undefined;
  /** An opened row. @param width of the screen, in characters */
  readonly detail: (row: Row, world: World, width: number) => readonly string[];
}

/** A page for who does not care what its rows are. */
export interface Page {
  readonly name: string;
  readonly wishes: Wishes;
  readonly tail: boolean;
  /** Its rows, and what was chosen of them. */
  table(world: World, choice: Choice): Table;
  readonly columns: readonly ColumnInfo[];
  /** What its page wants and, if a row is opened, what that wants beside it. */
  wishesOf(world: World | undefined, opened: string | undefined): Wishes;
  /** Lines that a terminal can be given; undefined when the row is not there. */
  detail(world: World, id: string, width: number): readonly string[] | undefined;
  /** Titles and rows as values without any control character. @param choice absent, all of them */
  values(world: World, choice?: Choice): readonly (readonly string[])[];
}

export type ColumnInfo = Pick<Column<never>, 'key' | 'title' | 'width' | 'doc'>;

/** What the user wants of a table. */
export interface Choice {
  /** Key of the column that sorts; undefined is the order of the rows themselves. */
  readonly sort: string | undefined;
  readonly reverse: boolean;
  /** Rows that have this anywhere, in any case; with a `!` before it, those that have not. */
  readonly filter: string;
  /** Keys of columns that are not shown. */
  readonly hidden: readonly string[];
}

/** What a user wants who wants nothing special. */
export const NO_CHOICE: Choice = { sort: undefined, reverse: false, filter: '', hidden: [] };

/** A table that is ready to be drawn; lines are made when they are asked for. */
export interface Table {
  readonly ids: readonly string[];
  /** Of all rows, those that the filter keeps out. */
  readonly filtered: number;
  /** The columns that fit. */
  fitInto(width: number): {
    readonly columns: readonly ColumnInfo[];
    readonly header: string;
    line(id: string): { readonly text: string; readonly faded: boolean };
  };
}

/** Rings whose messages are read for an opened row. */
const MOST_RINGS = 4;

const nameOf = ({ domid, backId, class: kind, device, evtchn, direction }: RingRow): RingName => {
  return { domid, backId, class: kind, device, evtchn, direction };
};

/** Where nothing is, but columns have titles. */
const nowhere = (): World => {
  const stats = { time: 0, memoryTotal: 0, memoryFree: 0, cpus: 0, mhz: 0, domains: [], rings: [] };
  return { sample: sampleOf(undefined, { stats }), reading: { stats }, history: createHistory() };
};

/** Closes over the type of a page's rows. */
export function page<Row>(spec: PageSpec<Row>): Page {
  /** Rows that a filter lets through, in the order that was chosen. */
  function chosen(columns: readonly Column<Row>[], all: readonly Row[], { sort, reverse, filter }: Choice) {
    const kept = filter === '' ? all : all.filter((row) => matches(columns, row, filter));
    const column = columns.find(({ key }) => key === sort);
    return column ? sortRows(kept, column, reverse) : reverse ? [...kept].reverse() : kept;
  }
  const find = (world: World, id: string) => spec.rows(world).find((row) => spec.id(row) === id);
  return {
    name: spec.name,
    wishes: spec.wishes,
    tail: spec.tail ?? false,
    columns: spec.columns(nowhere()),
    wishesOf(world, opened) {
      const row = opened === undefined || world === undefined ? undefined : find(world, opened);
      if (row === undefined) return spec.wishes;
      // Ends need not be domains: a ring of Argo may take from any, and xend has ports.
      const known = new Set(world!.sample.domains.map(({ name }) => name));
      const about = spec.about?.(row, world!)?.filter((name) => known.has(name));
      const rings = spec.ringsOf?.(row, world!) ?? [];
      const address = spec.addressOf?.(row, world!);
      return {
        ...spec.wishes,
        ...(about && about.length > 0 && { about }),
        ...(address !== undefined && { address }),
        ...(rings.length > 0 && { messages: rings.slice(0, MOST_RINGS).map(nameOf) }),
      };
    },
    detail(world, id, width) {
      const row = find(world, id);
      return row && spec.detail(row, world, width).map(printableLine);
    },
    values(world, choice = NO_CHOICE) {
      const columns = spec.columns(world).map(plainly);
      const rows = spec.rows(world).filter((row) => spec.remark?.(row) === undefined);
      const shown = columns.filter(({ key, picture }) => !picture && !choice.hidden.includes(key));
      return [
        shown.map(({ title }) => title),
        ...chosen(columns, rows, choice).map((row) => shown.map(({ text }) => printableLine(text(row).trim()))),
      ];
    },
    table(world, choice) {
      const { sort, reverse, filter, hidden } = choice;
      const whole = filter === '' && sort === undefined && !reverse;
      const columns = whole ? spec.columns(world) : spec.columns(world).map(plainly);
      const all = spec.rows(world);
      const sorted = chosen(columns, all, choice);
      const byId = new Map(sorted.map((row) => [spec.id(row), row]));
      return {
        ids: [...byId.keys()],
        filtered: all.length - sorted.length,
        fitInto(width) {
          const fitted = fitColumns(
            columns.filter(({ key }) => !hidden.includes(key)),
            width,
            sorted,
          );
          return {
            columns: fitted,
            header: headerLine(fitted),
            line(id) {
              const row = byId.get(id)!;
              const remark = spec.remark?.(row);
              if (remark === undefined) return { text: rowLine(fitted, row), faded: false };
              return { text: `${rowLine(fitted.slice(0, 1), row)} ${printableLine(remark)}`, faded: true };
            },
          };
        },
      };
    },
  };
}

/** A column whose texts need no other rows to be understood. */
function plainly<Row>(column: Column<Row>): Column<Row> {
  return column.plain === undefined ? column : { ...column, text: column.plain };
}

function matches<Row>(columns: readonly Column<Row>[], row: Row, filter: string): boolean {
  const [wanted, word] = filter.startsWith('!') ? [false, filter.slice(1)] : [true, filter];
  const found = columns.some(({ text }) => text(row).toLowerCase().includes(word.toLowerCase()));
  return word === '' || found === wanted;
}
