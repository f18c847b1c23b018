// SPDX-License-Identifier: Apache-2.0
import type { Sample } from './sample.ts';

/** Milliseconds that lines go back. */
const SPAN = 60_000;

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
  /** When the rounds were that lines have points of. */
  const times: number[] = [];
  return {
    add({ time, domains, rings }) {
      times.push(time);
      while (times[0]! < time - SPAN) times.shift();
      advance(
        times.length,
        cpu,
        domains,
        ({ domid }) => domid,
        ({ cpuPercent }) => cpuPercent,
      );
      advance(
        times.length,
        rates,
        rings,
        ({ id }) => id,
        ({ requestRate, byteRate }) => requestRate ?? byteRate ?? 0,
      );
      advance(
        times.length,
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

/** One more point for each row, no line for what is gone, and no more than `points`. */
function advance<Key, Row>(
  points: number,
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
    if (line.length > points) line.splice(0, line.length - points);
  }
  for (const key of gone) lines.delete(key);
}
