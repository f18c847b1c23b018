// SPDX-License-Identifier: Apache-2.0
import { domainColumns } from './columns.ts';
import { clampDelay, type View } from './view.ts';

/** What one key does to the view; `order` are the domids in the order shown. */
export interface KeyBinding {
  readonly names: readonly string[];
  /** How help shows it. */
  readonly label: string;
  readonly help: string;
  /** Its part of the last line, if it has one: there is not much room. */
  readonly footer?: string;
  readonly act: (view: View, order: readonly number[]) => View;
}

/** Keys of the screen, in any case; help and the last line of the screen are made from this table. */
export const keyTable: readonly KeyBinding[] = [
  { names: ['q', 'escape'], label: 'Q Esc', help: 'quit', footer: 'Q quit', act: (view) => ({ ...view, done: true }) },
  { names: ['up', 'k'], label: 'Up K', help: 'domain above', act: (view, order) => move(view, order, -1) },
  {
    names: ['down', 'j'],
    label: 'Down J',
    help: 'domain below',
    footer: 'J K select',
    act: (view, order) => move(view, order, 1),
  },
  { names: ['s'], label: 'S', help: 'sort by the next column', footer: 'S sort', act: nextSort },
  { names: ['d'], label: 'D', help: 'change the delay', footer: 'D delay', act: (view) => ({ ...view, entry: '' }) },
  { names: ['p'], label: 'P', help: 'pause', footer: 'P pause', act: (view) => ({ ...view, paused: !view.paused }) },
  { names: ['?', 'h'], label: '?', help: 'help', footer: '? help', act: (view) => ({ ...view, help: !view.help }) },
];

/**
 * The view after a key.
 *
 * @param key a character, or `up`, `down`, `escape`, `return`, `backspace`.
 */
export function press(view: View, key: string, order: readonly number[]): View {
  if (view.entry !== undefined) return typeDelay(view, view.entry, key);
  if (view.help && key === 'escape') return { ...view, help: false };
  const name = key.length === 1 ? key.toLowerCase() : key;
  return keyTable.find(({ names }) => names.includes(name))?.act(view, order) ?? view;
}

function move(view: View, order: readonly number[], step: number): View {
  const at = view.selected === undefined ? 0 : order.indexOf(view.selected);
  const selected = order[Math.min(order.length - 1, Math.max(0, at + step))];
  return selected === undefined ? view : { ...view, selected };
}

function nextSort(view: View): View {
  const keys = [undefined, ...domainColumns.map(({ key }) => key)];
  return { ...view, sort: keys[(keys.indexOf(view.sort) + 1) % keys.length] };
}

function typeDelay(view: View, entry: string, key: string): View {
  if (key === 'escape') return { ...view, entry: undefined };
  if (key === 'backspace') return { ...view, entry: entry.slice(0, -1) };
  if (key === 'return') return { ...view, entry: undefined, delay: clampDelay(Number(entry)) ?? view.delay };
  return /^[\d.]$/.test(key) ? { ...view, entry: entry + key } : view;
}
