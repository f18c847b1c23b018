// SPDX-License-Identifier: Apache-2.0
import { setTimeout as sleep } from 'node:timers/promises';
import type { Stats } from '../xend/contract.ts';
import { domainColumns, ringColumns, withFullNames } from './columns.ts';
import { type Sample, sample } from './sample.ts';
import { headerLine, rowLine } from './table.ts';

/** How `xm top -b` runs. */
export interface BatchOptions {
  /** Reads the counters now. */
  readonly fetch: () => Promise<Stats>;
  /** Rounds; may be `Infinity`. */
  readonly iterations: number;
  /** Seconds between two rounds. */
  readonly delay: number;
  readonly format: (sample: Sample) => string;
  readonly write: (text: string) => void;
}

/** Writes one report a round, without any control of a screen. */
export async function runBatch({ fetch, iterations, delay, format, write }: BatchOptions): Promise<void> {
  let previous: Stats | undefined;
  for (let round = 0; round < iterations; round += 1) {
    if (round > 0) await sleep(delay * 1000);
    const current = await fetch();
    write(format(sample(previous, current)));
    previous = current;
  }
}

/** One round as xentop writes it, header and a line a domain; then the rings, after an empty line. */
export function batchText(
  { domains, rings }: Sample,
  options: { readonly fullNames: boolean; readonly rings: boolean },
): string {
  const columns = options.fullNames ? withFullNames(domains) : domainColumns;
  const lines = [headerLine(columns), ...domains.map((row) => rowLine(columns, row))];
  if (options.rings && rings.length > 0) {
    lines.push('', headerLine(ringColumns), ...rings.map((row) => rowLine(ringColumns, row)));
  }
  return `${lines.join('\n')}\n`;
}

/** One round as one line of JSON. */
export function batchJson(round: Sample): string {
  return `${JSON.stringify(round)}\n`;
}
