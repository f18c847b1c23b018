// SPDX-License-Identifier: Apache-2.0
import { channelId, endpointId, grantId, type Sample } from './sample.ts';

/** Milliseconds that lines go back. */
const SPAN = 60_000;

/** Numbers at one moment, by the id of what they are of; undefined when they were not read. */
type Points = readonly (readonly [id: string, value: number])[] | undefined;

/** What there are lines of. */
const LINES = {
  /** CPU of a domain in percent. */
  cpu: ({ domains }) => domains.map(({ domid, cpuPercent }) => [String(domid), cpuPercent]),
  /** Requests (bytes of a byte ring) a second. */
  ring: ({ rings }) => rings.map(({ id, requestRate, byteRate }) => [id, requestRate ?? byteRate ?? 0]),
  /** Slots (bytes) in use. */
  fill: ({ rings }) => rings.map(({ id, used }) => [id, used]),
  /** Events a second, both ways. */
  channel: ({ channels }) => channels?.map((row) => [channelId(row), row.sentRate + row.receivedRate]),
  /** Requests a second, both ways; requests in flight. */
  endpoint: ({ endpoints }) => endpoints?.map((row) => [endpointId(row), row.rate]),
  flight: ({ endpoints }) => endpoints?.map((row) => [endpointId(row), row.inFlight]),
  /** Mappings. */
  grant: ({ grants }) => grants?.map((row) => [grantId(row), row.mappings]),
} as const satisfies Readonly<Record<string, (sample: Sample) => Points>>;

/** What was, for lines of the last minute. */
export interface History {
  /** Adds a round. */
  add(sample: Sample): void;
  /** Newest last; not a number where it was not read, as its page was not shown. */
  line(kind: keyof typeof LINES, id: string): readonly number[];
}

export function createHistory(): History {
  const kinds = Object.entries(LINES).map(([kind, read]: [string, (sample: Sample) => Points]) => {
    return { kind, read, lines: new Map<string, number[]>() };
  });
  /** When the rounds were that lines have points of. */
  const times: number[] = [];
  return {
    add(sample) {
      times.push(sample.time);
      while (times[0]! < sample.time - SPAN) times.shift();
      for (const { read, lines } of kinds) advance(times.length, lines, read(sample));
    },
    line: (wanted, id) => kinds.find(({ kind }) => kind === wanted)?.lines.get(id) ?? [],
  };
}

/** One more point for each line; no line for what is gone, and no more than `count` points. */
function advance(count: number, lines: Map<string, number[]>, points: Points): void {
  if (points === undefined) {
    for (const line of lines.values()) push(line, Number.NaN, count);
    return;
  }
  const gone = new Set(lines.keys());
  for (const [id, value] of points) {
    gone.delete(id);
    const line = lines.get(id);
    if (line === undefined) lines.set(id, [value]);
    else push(line, value, count);
  }
  for (const id of gone) lines.delete(id);
}

function push(line: number[], value: number, count: number): void {
  line.push(value);
  if (line.length > count) line.splice(0, line.length - count);
}
