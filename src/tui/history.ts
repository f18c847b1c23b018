// SPDX-License-Identifier: Apache-2.0
import type { Sample } from './sample.ts';

/** Points of a line: a minute at one a second; with rarer rounds it is longer. */
const POINTS = 60;

/** What was, for lines of the last minute. */
export interface History {
  /** Adds a round. */
  add(sample: Sample): void;
  /** CPU of a domain in percent, newest last. */
  cpu(domid: number): readonly number[];
  /** Requests (bytes of a byte ring) a second, by {@link RingRow.id}. */
  ring(id: string): readonly number[];
  /** Slots (bytes) in use. */
  fill(id: string): readonly number[];
}

export function createHistory(): History {
  const cpu = new Map<number, number[]>();
  const rates = new Map<string, number[]>();
  const fills = new Map<string, number[]>();
  return {
    add({ domains, rings }) {
      advance(
        cpu,
        domains,
        ({ domid }) => domid,
        ({ cpuPercent }) => cpuPercent,
      );
      advance(
        rates,
        rings,
        ({ id }) => id,
        ({ requestRate, byteRate }) => requestRate ?? byteRate ?? 0,
      );
      advance(
        fills,
        rings,
        ({ id }) => id,
        ({ used }) => used,
      );
    },
    cpu: (domid) => cpu.get(domid) ?? [],
    ring: (id) => rates.get(id) ?? [],
    fill: (id) => fills.get(id) ?? [],
  };
}

/** One more point for each row, and no line for what is gone. */
function advance<Key, Row>(
  lines: Map<Key, number[]>,
  rows: readonly Row[],
  keyOf: (row: Row) => Key,
  pointOf: (row: Row) => number,
): void {
  const gone = new Set(lines.keys());
  for (const row of rows) {
    const key = keyOf(row);
    gone.delete(key);
    const line = lines.get(key);
    if (line === undefined) {
      lines.set(key, [pointOf(row)]);
      continue;
    }
    line.push(pointOf(row));
    if (line.length > POINTS) line.shift();
  }
  for (const key of gone) lines.delete(key);
}
