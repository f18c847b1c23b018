// SPDX-License-Identifier: Apache-2.0
import type { ColumnInfo } from './page.ts';
import { pages } from './pages/index.ts';
import { choiceOf, choose, clampDelay, type PageView, type View } from './view.ts';

/** What a key may need to know of the screen. */
export interface Shown {
  /** Ids of the rows, in their order. */
  readonly ids: readonly string[];
  /** Columns of the page, all of them. */
  readonly columns: readonly ColumnInfo[];
  /** Rows that a page key moves by. */
  readonly height: number;
  /** The page follows its end: without a selection, the last row is meant. */
  readonly tail: boolean;
  /** Lines that what lies over the table can be scrolled by. */
  readonly scrollMax: number;
  /** The domain that the selected or opened row is about. */
  readonly domain?: string | undefined;
}

/** What one key does to the view. */
interface KeyBinding {
  readonly names: readonly string[];
  /** How help shows it. */
  readonly label: string;
  readonly help: string;
  /** Its part of the last line, if it has one: there is not much room. */
  readonly footer?: string;
  readonly act: (view: View, shown: Shown) => View;
}

/** Keys of the table, in any case; help and the last line of the screen are made from this. */
export const keyTable: readonly KeyBinding[] = [
  { names: ['q'], label: 'Q', help: 'quit', footer: 'Q quit', act: (view) => ({ ...view, done: true }) },
  {
    names: ['?', 'h'],
    label: '? H',
    help: 'help',
    footer: '? help',
    act: (view) => ({ ...view, over: { kind: 'help', scroll: 0 } }),
  },
  ...pages.map(({ name }, index) => ({
    names: [String(index + 1), `page:${name}`],
    label: String(index + 1),
    help: `show ${name}`,
    act: (view: View) => ({ ...view, page: name, over: undefined }),
  })),
  { names: ['tab'], label: 'Tab', help: 'show the next page', footer: '1-7 Tab page', act: nextPage },
  { names: ['up', 'k'], label: 'Up K', help: 'row above', act: (view, shown) => move(view, shown, -1) },
  { names: ['down', 'j'], label: 'Down J', help: 'row below', act: (view, shown) => move(view, shown, 1) },
  { names: ['pageUp'], label: 'PgUp', help: 'a screen up', act: (view, shown) => move(view, shown, -shown.height) },
  { names: ['pageDown'], label: 'PgDn', help: 'a screen down', act: (view, shown) => move(view, shown, shown.height) },
  { names: ['home', 'g'], label: 'Home G', help: 'first row', act: (view, shown) => move(view, shown, -Infinity) },
  { names: ['end'], label: 'End', help: 'last row', act: (view, shown) => move(view, shown, Infinity) },
  { names: ['return'], label: 'Enter', help: 'open the row', footer: 'Enter open', act: openRow },
  { names: ['l'], label: 'L', help: "the log of the row's domain", act: showLog },
  {
    names: ['s', '>'],
    label: 'S >',
    help: 'sort by the next column',
    footer: 'S sort',
    act: (view, shown) => sortBy(view, shown, 1),
  },
  { names: ['<'], label: '<', help: 'sort by the column before', act: (view, shown) => sortBy(view, shown, -1) },
  {
    names: ['r'],
    label: 'R',
    help: 'reverse the order',
    act: (view) => choose(view, { reverse: !choiceOf(view).reverse }),
  },
  {
    names: ['/', 'f'],
    label: '/ F',
    help: 'show rows that have a text; !TEXT: that have not',
    footer: '/ filter',
    act: startFilter,
  },
  { names: ['c'], label: 'C', help: 'choose columns', act: (view) => ({ ...view, over: { kind: 'columns', at: 0 } }) },
  {
    names: ['d'],
    label: 'D',
    help: 'change the delay',
    act: (view) => ({ ...view, entry: { of: 'delay', text: '' } }),
  },
  {
    names: ['p', ' '],
    label: 'P Space',
    help: 'pause',
    footer: 'P pause',
    act: (view) => ({ ...view, paused: !view.paused }),
  },
  { names: ['escape'], label: 'Esc', help: 'no filter, no selection; else quit', act: leave },
];

/**
 * The view after a key.
 *
 * @param key a character; the name of another key; or what a click stands for: `page:NAME`, `row:ID`, `sort:KEY`
 */
export function press(view: View, key: string, shown: Shown): View {
  if (view.entry !== undefined) return type(view, view.entry, key);
  if (view.over?.kind === 'columns') return pressColumns(view, view.over.at, key, shown);
  if (view.over !== undefined && ['escape', 'return', 'backspace', '?', 'left'].includes(key)) {
    return { ...view, over: undefined };
  }
  if (key.startsWith('row:')) return click(view, key.slice(4));
  if (key.startsWith('sort:')) return sortAgain(view, key.slice(5));
  const name = key.length === 1 ? key.toLowerCase() : key;
  return keyTable.find(({ names }) => names.includes(name))?.act(view, shown) ?? view;
}

function nextPage(view: View): View {
  const at = pages.findIndex(({ name }) => name === view.page);
  return { ...view, page: pages[(at + 1) % pages.length]!.name, over: undefined };
}

function move(view: View, { ids, tail, scrollMax }: Shown, step: number): View {
  if (view.over?.kind === 'row' || view.over?.kind === 'help') {
    const scroll = Math.max(0, Math.min(scrollMax, view.over.scroll + step));
    return { ...view, over: { ...view.over, scroll } };
  }
  const { selected } = choiceOf(view);
  const from = selected === undefined ? (tail ? ids.length - 1 : 0) : Math.max(0, ids.indexOf(selected));
  const at = Math.min(ids.length - 1, Math.max(0, from + step));
  // At the end of a page that follows its end, it goes on following.
  if (tail && at === ids.length - 1) return choose(view, { selected: undefined });
  return ids[at] === undefined ? view : choose(view, { selected: ids[at] });
}

function openRow(view: View, { ids, tail }: Shown): View {
  const { selected } = choiceOf(view);
  const id = ids.find((one) => one === selected) ?? (tail ? ids.at(-1) : ids[0]);
  return id === undefined ? view : { ...view, over: { kind: 'row', id, scroll: 0 } };
}

function showLog(view: View, { domain }: Shown): View {
  if (domain === undefined) return view;
  return choose({ ...view, page: 'log', over: undefined }, { filter: domain, selected: undefined });
}

/** A click selects; one at the selected row opens it. */
function click(view: View, id: string): View {
  if (choiceOf(view).selected === id) return { ...view, over: { kind: 'row', id, scroll: 0 } };
  return choose(view, { selected: id });
}

function sortBy(view: View, { columns }: Shown, step: number): View {
  const keys = [undefined, ...columns.map(({ key }) => key)];
  const at = keys.indexOf(choiceOf(view).sort);
  return choose(view, { sort: keys[(at + step + keys.length) % keys.length], reverse: false });
}

/** A click at the title that sorts turns it round. */
function sortAgain(view: View, key: string): View {
  const { sort, reverse } = choiceOf(view);
  return choose(view, { sort: key, reverse: sort === key && !reverse });
}

function startFilter(view: View): View {
  return { ...view, entry: { of: 'filter', text: choiceOf(view).filter } };
}

function leave(view: View): View {
  const { filter, selected } = choiceOf(view);
  return filter === '' && selected === undefined
    ? { ...view, done: true }
    : choose(view, { filter: '', selected: undefined });
}

function type(view: View, entry: NonNullable<View['entry']>, key: string): View {
  const isFilter = entry.of === 'filter';
  const typed = (text: string) => {
    const next = { ...view, entry: { ...entry, text } };
    return isFilter ? choose(next, { filter: text }) : next;
  };
  if (key === 'escape') return { ...(isFilter ? choose(view, { filter: '' }) : view), entry: undefined };
  if (key === 'backspace') return typed(entry.text.slice(0, -1));
  if (key === 'return') {
    const delay = isFilter ? view.delay : (clampDelay(Number(entry.text)) ?? view.delay);
    return { ...view, delay, entry: undefined };
  }
  const fits = isFilter ? key.length === 1 : /^[\d.]$/.test(key);
  return fits ? typed(entry.text + key) : view;
}

function pressColumns(view: View, at: number, key: string, { columns }: Shown): View {
  const to = (next: number): View => {
    return { ...view, over: { kind: 'columns', at: Math.min(columns.length - 1, Math.max(0, next)) } };
  };
  if (key === 'up' || key === 'k') return to(at - 1);
  if (key === 'down' || key === 'j') return to(at + 1);
  const column = columns[at]?.key;
  if (key === ' ' && column !== undefined) return choose(view, { hidden: toggled(choiceOf(view), column) });
  return ['escape', 'return', 'c', 'q'].includes(key) ? { ...view, over: undefined } : view;
}

function toggled({ hidden }: PageView, key: string): readonly string[] {
  return hidden.includes(key) ? hidden.filter((one) => one !== key) : [...hidden, key];
}
