// SPDX-License-Identifier: Apache-2.0
import { setTimeout as sleep } from 'node:timers/promises';
import { createModel } from './model.ts';
import type { Choice, World } from './page.ts';
import { domainColumns, withFullNames } from './pages/domains.ts';
import { pageNamed } from './pages/index.ts';
import { ringColumns } from './pages/rings.ts';
import type { Source, Wishes } from './reading.ts';
import type { Sample } from './sample.ts';
import { cut, headerLine, rowLine } from './table.ts';

/** How `xm top -b` runs. */
export interface BatchOptions {
  readonly source: Source;
  readonly wishes: Wishes;
  /** Rounds; may be `Infinity`. */
  readonly iterations: number;
  /** Seconds between two rounds. */
  readonly delay: number;
  readonly format: (world: World, round: number) => string;
  readonly write: (text: string) => void;
}

/** Writes one report a round, without any control of a screen. Log records are in the first report in which they can be. */
export async function runBatch(options: BatchOptions): Promise<void> {
  const { source, wishes, iterations, delay, format, write } = options;
  const model = createModel(source);
  let told = -1;
  try {
    for (let round = 0; round < iterations; round += 1) {
      if (round > 0) await sleep(delay * 1000);
      const { reading, ...world } = await model.round(wishes);
      const log = reading.log?.filter(({ number }) => number > told);
      told = log?.at(-1)?.number ?? told;
      write(format({ ...world, reading: { ...reading, ...(log && { log }) } }, round));
    }
  } finally {
    source.close();
  }
}

/** What kind of reports there are. */
export interface ReportOptions {
  /** `table` if it is nothing else. */
  readonly form: string | undefined;
  /** Name of a page; absent, tables are those of domains and rings, as xentop has them. */
  readonly view: string | undefined;
  /** What is wanted of its table. */
  readonly choice?: Choice | undefined;
  readonly fullNames: boolean;
  readonly rings: boolean;
}

/** What to read, and how to say it. */
export function reporter({ form, view, choice, ...options }: ReportOptions): Pick<BatchOptions, 'wishes' | 'format'> {
  const page = pageNamed(view ?? '');
  const { wishes } = page;
  if (form === 'json') return { wishes, format: batchJson };
  if (form === 'csv') return { wishes, format: (world, round) => pageCsv(page.values(world, choice), world, round) };
  if (view !== undefined || choice !== undefined) {
    return { wishes, format: (world, round) => pageText(page.values(world, choice), !page.tail || round === 0) };
  }
  return { wishes, format: ({ sample }) => batchText(sample, options) };
}

/** One round as xentop writes it, header and a line a domain; then the rings, after an empty line. */
export function batchText(
  { domains: all, rings }: Sample,
  options: { readonly fullNames: boolean; readonly rings: boolean },
): string {
  const domains = all.filter(({ gone }) => gone === undefined);
  const columns = options.fullNames ? withFullNames(domains) : domainColumns;
  const lines = [headerLine(columns), ...domains.map((row) => rowLine(columns, row))];
  if (options.rings && rings.length > 0) {
    lines.push('', headerLine(ringColumns), ...rings.map((row) => rowLine(ringColumns, row)));
  }
  return `${lines.join('\n')}\n`;
}

/** Characters of a value in a table that nothing else limits; scripts have the other forms. */
const MOST = 120;

type Values = readonly (readonly string[])[];

/** Rows of one page. @param titled with the titles, which are in the first row */
function pageText(values: Values, titled: boolean): string {
  const lines = values.map((row) => row.map((value) => cut(value, MOST)));
  const widths = lines[0]!.map((_, at) => Math.max(...lines.map((row) => row[at]!.length)));
  return lines
    .slice(titled ? 0 : 1)
    .map(
      (row) =>
        `${row
          .map((value, at) => value.padEnd(widths[at]!))
          .join(' ')
          .trimEnd()}\n`,
    )
    .join('');
}

/** The same, separated by commas, with the time of the round before each row; titles once, in the first round. */
function pageCsv([titles = [], ...rows]: Values, { sample }: World, round: number): string {
  const time = new Date(sample.time).toISOString();
  const lines = rows.map((row) => [time, ...row]);
  return (round === 0 ? [['TIME', ...titles], ...lines] : lines)
    .map((values) => `${values.map(quoted).join(',')}\n`)
    .join('');
}

/** One round as one line of JSON, with what its page wanted beside domains and rings. */
export function batchJson({ sample, reading }: Pick<World, 'sample' | 'reading'>): string {
  const { store, log } = reading;
  return `${JSON.stringify({ ...sample, ...(store && { store }), ...(log && { log }) })}\n`;
}

/** RFC 4180. */
function quoted(value: string): string {
  return /[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
}
