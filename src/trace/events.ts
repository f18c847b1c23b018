// SPDX-License-Identifier: Apache-2.0
import { type Joints, joinRecords } from './joints.ts';
import { TEXT } from './points.ts';
import type { TraceRecord, TraceRecords } from './read.ts';

/** The records of one domain, or of xend. */
export interface TracedThread extends TraceRecords {
  readonly domid: number;
  readonly name: string;
}

/** One record and whose it is. */
export interface Placed {
  readonly thread: TracedThread;
  readonly record: TraceRecord;
}

/** An event of the Trace Event Format, which Perfetto and chrome://tracing read. Times in microseconds. */
export interface TraceEvent {
  /** `X` span, `s` and `f` the ends of an arrow, `b` and `e` of a span that is no thread's, `M` a name. */
  readonly ph: 'X' | 's' | 'f' | 'b' | 'e' | 'M';
  readonly name: string;
  readonly cat: string;
  readonly ts: number;
  readonly dur?: number;
  readonly pid: number;
  readonly tid: number;
  readonly id?: number;
  /** Of `f`: it ends at the span around it, not at the next one. */
  readonly bp?: 'e';
  readonly args?: Readonly<Record<string, string | number>>;
}

/** Shortest time that is shown, a nanosecond: what an arrow begins or ends at must take some. */
const LEAST = 0.001;

/**
 * What was recorded as trace events: each domain is a process with one thread. Events of a thread are in the order of time, which
 * begins with the first record of all.
 */
export function* traceEvents(threads: readonly TracedThread[]): Generator<TraceEvent> {
  for (const thread of threads) yield* names(thread);
  const all = threads.flatMap((thread) => thread.records.map((record): Placed => ({ thread, record })));
  // What encloses another one comes before it.
  all.sort((a, b) => a.record.start - b.record.start || b.record.took - a.record.took);
  const begin = all[0]?.record.start ?? 0;
  const joints = joinRecords(all);
  for (const placed of all) yield* eventsOf(placed, begin, joints);
}

/** The process and thread that a domain is in a trace: to viewers, 0 is what runs when nobody does. */
function laneOf(domid: number): Pick<TraceEvent, 'pid' | 'tid'> {
  return { pid: domid + 1, tid: domid + 1 };
}

function* names({ domid, name, dropped }: TracedThread): Generator<TraceEvent> {
  const common = { ph: 'M', cat: '__metadata', ts: 0, ...laneOf(domid) } as const;
  const title = `${name}, domid ${domid}`;
  yield { ...common, name: 'process_name', args: { name: title } };
  yield { ...common, name: 'thread_name', args: { name: title } };
  yield { ...common, name: 'process_sort_index', args: { sort_index: domid } };
  if (dropped > 0) yield { ...common, name: 'process_labels', args: { labels: `${dropped} older records dropped` } };
}

function* eventsOf({ thread, record }: Placed, begin: number, joints: Joints): Generator<TraceEvent> {
  const { point, text, took } = record;
  const ts = nanoseconds(record.start - begin);
  const common = { cat: point.category, ts, ...laneOf(thread.domid) };
  const words = Object.fromEntries(record.words.map((word, index) => [point.words[index] ?? TEXT, word >>> 0]));
  const exchange = joints.exchanges.get(record);
  const title = text === '' ? point.category : text;
  if (exchange?.at === 'begin') yield { ...common, ph: 'b', name: title, id: exchange.id };
  yield {
    ...common,
    ph: 'X',
    name: text === '' ? point.name : `${point.name} ${text}`,
    dur: Math.max(LEAST, nanoseconds(took)),
    args: words,
  };
  const arrow = joints.arrows.get(record);
  if (arrow?.at === 'begin') yield { ...common, ph: 's', name: point.category, id: arrow.id };
  if (arrow?.at === 'end') yield { ...common, ph: 'f', bp: 'e', name: point.category, id: arrow.id };
  if (exchange?.at === 'end') yield { ...common, ph: 'e', name: title, id: exchange.id };
}

function nanoseconds(time: number): number {
  return Math.round(time * 1000) / 1000;
}
