// SPDX-License-Identifier: Apache-2.0
import { domainColumns, ringColumns } from './columns.ts';
import { keyTable } from './keys.ts';
import type { Sample } from './sample.ts';
import { summaryLines } from './summary.ts';
import { type Column, fitColumns, headerLine, rowLine } from './table.ts';
import { orderDomains, type View } from './view.ts';

/** One line of the screen. It reads the same without styles: the selected row has a mark. */
export interface Line {
  readonly text: string;
  readonly style?: 'title' | 'selected' | 'alert';
}

/** Characters of a terminal. */
export interface Size {
  readonly columns: number;
  readonly rows: number;
}

const MARK = '> ';
const NO_MARK = '  ';
/** Below this height the summary is its first line only. */
const FULL_SUMMARY_ROWS = 12;

/**
 * The whole screen: never wider than the terminal, and always one line lower. A frame of full height would scroll, and one
 * that changes its height would not stay in its place, because it starts where the cursor was.
 *
 * @param sample undefined before the first round.
 * @param problem why the latest round failed.
 */
export function screenLines(
  view: View,
  sample: Sample | undefined,
  problem: string | undefined,
  size: Size,
): readonly Line[] {
  const height = Math.max(1, size.rows - 1);
  const lines = sample === undefined ? [{ text: 'xm top' }] : body(view, sample, size, height - 1);
  const upper = (view.help ? helpLines() : lines).slice(0, height - 1);
  const filler = Array.from({ length: height - 1 - upper.length }, () => ({ text: '' }));
  const shown = [...upper, ...filler, lastLine(view, problem)];
  return shown.map((line) => ({ ...line, text: line.text.slice(0, size.columns) }));
}

function body(view: View, sample: Sample, { columns, rows }: Size, height: number): Line[] {
  const order = orderDomains(sample.domains, view.sort);
  const at = Math.max(
    0,
    order.findIndex(({ domid }) => domid === view.selected),
  );
  const selected = order[at];
  const summary = summaryLines(sample, remark(view)).slice(0, rows < FULL_SUMMARY_ROWS ? 1 : 3);
  const rings = sample.rings.filter(({ domid }) => domid === selected?.domid);
  const room = share(height - summary.length - 1, order.length, rings.length);

  const width = columns - MARK.length;
  const domains = fitColumns(domainColumns, width);
  const first = windowStart(at, order.length, room.domains);
  const lines: Line[] = summary.map((text) => ({ text }));
  lines.push({ text: NO_MARK + headerLine(domains), style: 'title' });
  order.slice(first, first + room.domains).forEach((row, index) => {
    const isSelected = first + index === at;
    const text = (isSelected ? MARK : NO_MARK) + rowLine(domains, row);
    lines.push(isSelected ? { text, style: 'selected' } : { text });
  });
  if (room.rings > 0) {
    const fitted: readonly Column<(typeof rings)[number]>[] = fitColumns(ringColumns.slice(1), width);
    const more = rings.length > room.rings ? ` (${room.rings} of ${rings.length})` : '';
    lines.push({ text: '' }, { text: `Rings of ${selected?.name}${more}` });
    lines.push({ text: NO_MARK + headerLine(fitted), style: 'title' });
    for (const row of rings.slice(0, room.rings)) lines.push({ text: NO_MARK + rowLine(fitted, row) });
  }
  return lines;
}

/** Lines for domains and for rings: the rings have an empty line and two titles, and at most half of the room. */
function share(free: number, domains: number, rings: number): { readonly domains: number; readonly rings: number } {
  const titles = 3;
  const left = Math.max(Math.floor(free / 2), free - domains);
  const forRings = Math.max(0, Math.min(rings, left - titles));
  return { domains: Math.max(0, forRings > 0 ? free - forRings - titles : free), rings: forRings };
}

function windowStart(at: number, total: number, shown: number): number {
  return Math.max(0, Math.min(at - Math.floor(shown / 2), total - shown));
}

function remark({ delay, paused, sort }: View): string {
  const title = domainColumns.find(({ key }) => key === sort)?.title ?? 'ID';
  return `${paused ? 'PAUSED' : `every ${delay} s`}, by ${title}`;
}

function lastLine({ entry, help }: View, problem: string | undefined): Line {
  if (entry !== undefined) return { text: `Delay in seconds: ${entry}_` };
  if (problem !== undefined) return { text: problem, style: 'alert' };
  return { text: help ? '? back' : keyTable.flatMap(({ footer = [] }) => footer).join('  ') };
}

function helpLines(): Line[] {
  const text = keyTable.map(({ label, help }) => ({ text: `  ${label.padEnd(8)} ${help}` }));
  const states = 'State: d dying, s shut down, b blocked, c crashed, p paused, r running';
  const saved = 'SAVED(%): requests and responses that needed no notification of their own';
  return [{ text: 'Keys', style: 'title' }, ...text, { text: '' }, { text: states }, { text: saved }];
}
