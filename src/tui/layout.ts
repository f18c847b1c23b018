// SPDX-License-Identifier: Apache-2.0
import { keyTable, type Shown } from './keys.ts';
import type { ColumnInfo, Table, World } from './page.ts';
import { pageNamed, pages } from './pages/index.ts';
import { summaryLines } from './summary.ts';
import { choiceOf, type View } from './view.ts';

/** One line of the screen. It reads the same without styles: the selected row has a mark. */
export interface Line {
  readonly text: string;
  readonly style?: 'title' | 'selected' | 'alert' | 'faded';
  /** What a click stands for, by where it is: a key name of {@link press}, from and to a character (not included). */
  readonly hits?: readonly Hit[];
}

/** A part of a line that can be clicked. */
export interface Hit {
  readonly from: number;
  readonly to: number;
  readonly key: string;
}

/** Characters of a terminal. */
export interface Size {
  readonly columns: number;
  readonly rows: number;
}

/** The screen, and what keys need to know of it. */
export interface Screen {
  readonly lines: readonly Line[];
  readonly shown: Shown;
}

const MARK = '> ';
const NO_MARK = '  ';
/** Below this height the summary is its first line only. */
const FULL_SUMMARY_ROWS = 12;
/** Below this height the pages are not named. */
const TABS_ROWS = 8;
const NOTHING: Shown = { ids: [], columns: [], height: 1, tail: false, scrollMax: 0 };

/**
 * The whole screen: never wider than the terminal, and always one line lower. A frame of full height would scroll, and one
 * that changes its height would not stay in its place, because it starts where the cursor was.
 *
 * @param world undefined before the first round.
 * @param problem why the latest round failed.
 */
export function layout(view: View, world: World | undefined, problem: string | undefined, size: Size): Screen {
  const height = Math.max(1, size.rows - 1);
  const { lines, shown } =
    world === undefined ? { lines: [{ text: 'xm top' }], shown: NOTHING } : body(view, world, size, height - 1);
  const upper = lines.slice(0, height - 1);
  const filler = Array.from({ length: height - 1 - upper.length }, () => ({ text: '' }));
  const all: readonly Line[] = [...upper, ...filler, lastLine(view, problem)];
  return { lines: all.map((line) => ({ ...line, text: line.text.slice(0, size.columns) })), shown };
}

function body(view: View, world: World, { columns, rows }: Size, height: number): Screen {
  const page = pageNamed(view.page);
  const choice = choiceOf(view);
  const table = page.table(world, choice);
  const head: Line[] = summaryLines(world.sample, remark(view, table, page.columns, world.sample.stalls?.length ?? 0))
    .slice(0, rows < FULL_SUMMARY_ROWS ? 1 : 3)
    .map((text) => ({ text }));
  if (rows >= TABS_ROWS) head.push(tabLine(view.page, columns));
  const room = Math.max(0, height - head.length - 1);
  const { over } = view;
  const [domain] =
    page.wishesOf(world, over?.kind === 'row' ? over.id : table.ids[rowAt(table.ids, choice.selected, page.tail)])
      .about ?? [];
  const shown: Shown = { ids: table.ids, columns: page.columns, height: room, tail: page.tail, scrollMax: 0, domain };
  if (over?.kind === 'help') return scrolled(head, helpLines(shown), over.scroll, shown);
  if (over?.kind === 'columns') return { lines: [...head, ...columnLines(shown, choice.hidden, over.at, room)], shown };
  if (over?.kind === 'row') {
    const detail = page.detail(world, over.id, columns) ?? ['It is not there any more.'];
    return scrolled(head, detail, over.scroll, shown);
  }
  return { lines: [...head, ...tableLines(table, choice.selected, choice.sort, shown, columns)], shown };
}

/** Index of the selected row; where none is, of the first one, or the last of a page that follows its end. */
function rowAt(ids: readonly string[], selected: string | undefined, tail: boolean): number {
  const found = selected === undefined ? -1 : ids.indexOf(selected);
  return found >= 0 ? found : tail ? ids.length - 1 : 0;
}

function tableLines(
  { ids, fitInto }: Table,
  selected: string | undefined,
  sort: string | undefined,
  { height, tail }: Shown,
  width: number,
): Line[] {
  const { columns, header, line } = fitInto(width - MARK.length);
  const at = rowAt(ids, selected, tail);
  const first = Math.max(0, Math.min(at - Math.floor(height / 2), ids.length - height));
  let from = MARK.length;
  const hits = columns.map(({ key, width: columnWidth }) => {
    const hit = { from, to: from + columnWidth, key: `sort:${key}` };
    from = hit.to + 1;
    return hit;
  });
  const sorted = hits.find(({ key }) => key === `sort:${sort}`);
  const title = NO_MARK + header;
  const lines: Line[] = [{ text: sorted ? marked(title, sorted) : title, style: 'title', hits }];
  for (const [index, id] of ids.slice(first, first + height).entries()) {
    const isSelected = first + index === at;
    const { text, faded } = line(id);
    const style = isSelected ? 'selected' : faded ? 'faded' : undefined;
    const shownLine = { text: (isSelected ? MARK : NO_MARK) + text, hits: [{ from: 0, to: width, key: `row:${id}` }] };
    lines.push(style === undefined ? shownLine : { ...shownLine, style });
  }
  return lines;
}

/** The title that sorts has a `*` beside it, where there is room. */
function marked(title: string, { from, to }: Hit): string {
  const text = title.slice(from, to);
  return title.slice(0, from) + text.replace(/ (?=\S)|(?<=\S) /, '*') + title.slice(to);
}

/** The pages, with the one that is shown in brackets; where there is no room for the names of all, only its own. */
function tabLine(current: string, width: number): Line {
  const whole = tabs(current, () => true);
  return whole.text.length <= width ? whole : tabs(current, (name) => name === current);
}

function tabs(current: string, isNamed: (name: string) => boolean): Line {
  let text = '';
  const hits: Hit[] = [];
  for (const [index, { name }] of pages.entries()) {
    const tab = isNamed(name) ? `${index + 1} ${name}` : `${index + 1}`;
    const shown = name === current ? `[${tab}]` : ` ${tab} `;
    hits.push({ from: text.length, to: text.length + shown.length, key: `page:${name}` });
    text += shown;
  }
  return { text, hits };
}

function scrolled(head: readonly Line[], text: readonly string[], scroll: number, shown: Shown): Screen {
  const room = shown.height + 1;
  const scrollMax = Math.max(0, text.length - room);
  const first = Math.min(scroll, scrollMax);
  const lines = text.slice(first, first + room).map((line, index): Line => {
    return first + index === 0 ? { text: line, style: 'title' } : { text: line };
  });
  return { lines: [...head, ...lines], shown: { ...shown, scrollMax } };
}

function columnLines({ columns }: Shown, hidden: readonly string[], at: number, room: number): Line[] {
  const first = Math.max(0, Math.min(at - Math.floor(room / 2), columns.length - room));
  const lines = columns.slice(first, first + room).map(({ key, title, doc = '' }, index): Line => {
    const isAt = first + index === at;
    const text = `${isAt ? MARK : NO_MARK}[${hidden.includes(key) ? ' ' : 'x'}] ${title.padEnd(18)} ${doc}`;
    return isAt ? { text, style: 'selected' } : { text };
  });
  return [{ text: 'Columns: Space shows or hides one, Enter ends', style: 'title' }, ...lines];
}

function remark(view: View, { filtered }: Table, columns: readonly ColumnInfo[], stalls: number): string {
  const { sort, reverse, filter } = choiceOf(view);
  const parts = [
    view.paused ? 'PAUSED' : `every ${view.delay} s`,
    ...(stalls > 0 ? [`${stalls} stalled`] : []),
    ...(sort === undefined ? [] : [`by ${columns.find(({ key }) => key === sort)?.title}`]),
    ...(reverse ? ['reversed'] : []),
    ...(filter === '' ? [] : [`only '${filter}' (${filtered} hidden)`]),
  ];
  return parts.join(', ');
}

function lastLine({ entry, over }: View, problem: string | undefined): Line {
  if (entry?.of === 'delay') return { text: `Delay in seconds: ${entry.text}_` };
  if (entry?.of === 'filter') return { text: `Filter: ${entry.text}_   (Enter keeps it, Esc drops it)` };
  if (problem !== undefined) return { text: problem, style: 'alert' };
  if (over !== undefined) return { text: 'Esc back  J K PgUp PgDn scroll' };
  return { text: keyTable.flatMap(({ footer = [] }) => footer).join('  ') };
}

function helpLines({ columns }: Shown): readonly string[] {
  const described = columns.filter(({ doc }) => doc !== undefined);
  return [
    'Keys',
    ...keyTable.map(({ label, help }) => `  ${label.padEnd(8)} ${help}`),
    '  Ctrl-L   draw all anew, when something else has written there',
    "  Ctrl-Z   back to the shell; its 'fg' comes here again",
    '  Mouse    click a page, a title, or a row (again opens it); the wheel scrolls',
    '',
    'State: d dying, s shut down, b blocked, c crashed, p paused, r running',
    ...described.map(({ title, doc }) => `  ${title.padEnd(18)} ${doc}`),
  ];
}
