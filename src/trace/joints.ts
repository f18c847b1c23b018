// SPDX-License-Identifier: Apache-2.0
import type { Placed } from './events.ts';
import { TRACE_POINTS } from './points.ts';
import type { TraceRecord } from './read.ts';

/** The beginning or the end of something that joins two records; both have its number. */
interface Joint {
  readonly at: 'begin' | 'end';
  readonly id: number;
}

/** What joins records. */
export interface Joints {
  /** From one domain to the other. Whose other end was not recorded is left out. */
  readonly arrows: ReadonlyMap<TraceRecord, Joint>;
  /** From asking to being done, and from serving to answering. What has not ended has a beginning alone, but before a pause none: it may have. */
  readonly exchanges: ReadonlyMap<TraceRecord, Joint>;
}

interface Role {
  readonly at: Joint['at'];
  /** Equal for the two that are joined. */
  readonly key: string;
}

/** What has not ended yet. */
interface Begun {
  readonly id: number;
  readonly record: TraceRecord;
  readonly domid: number;
}

type Step = NonNullable<TraceRecord['point']['step']>;

/** What the steps of an exchange are to its arrows, and to the spans of its ends. */
const STEPS: Readonly<Record<Step, { readonly arrow: [Joint['at'], string]; readonly span: [Joint['at'], string] }>> = {
  ask: { arrow: ['begin', 'there'], span: ['begin', 'asked'] },
  serve: { arrow: ['end', 'there'], span: ['begin', 'served'] },
  answer: { arrow: ['begin', 'back'], span: ['end', 'served'] },
  done: { arrow: ['end', 'back'], span: ['end', 'asked'] },
};

/** @param all in the order of time */
export function joinRecords(all: readonly Placed[]): Joints {
  const arrows = new Map<TraceRecord, Joint>();
  const exchanges = new Map<TraceRecord, Joint>();
  const tails = new Map<string, TraceRecord>();
  const open = new Map<string, Begun>();
  let lastId = 0;

  function drawArrow(record: TraceRecord, { at, key }: Role): void {
    if (at === 'begin') {
      // Events coalesce: the first one is what wakes.
      if (record.point.step !== undefined || !tails.has(key)) tails.set(key, record);
      return;
    }
    const tail = tails.get(key);
    if (tail === undefined) return;
    tails.delete(key);
    const id = ++lastId;
    arrows.set(tail, { at: 'begin', id });
    arrows.set(record, { at: 'end', id });
  }

  function drawExchange(record: TraceRecord, domid: number, { at, key }: Role): void {
    const begun = open.get(key);
    if (at === 'begin') {
      const id = ++lastId;
      open.set(key, { id, record, domid });
      exchanges.set(record, { at, id });
    } else if (begun !== undefined) {
      open.delete(key);
      exchanges.set(record, { at, id: begun.id });
    }
  }

  /** What a domain had begun may have ended without being recorded, and what was sent to it may have been taken. */
  function forget(domid: number): void {
    for (const [key, begun] of open) {
      if (begun.domid !== domid) continue;
      open.delete(key);
      exchanges.delete(begun.record);
    }
    for (const key of tails.keys()) if (key.startsWith(eventsOf(domid))) tails.delete(key);
  }

  for (const { thread, record } of all) {
    const arrow = arrowRole(record, thread.domid);
    if (arrow !== undefined) drawArrow(record, arrow);
    const span = spanRole(record, thread.domid);
    if (span !== undefined) drawExchange(record, thread.domid, span);
    if (record.point === TRACE_POINTS.paused) forget(thread.domid);
  }
  return { arrows, exchanges };
}

/** How the keys of a domain's events begin. */
const eventsOf = (domid: number | undefined): string => `event ${domid} `;

function arrowRole({ point, words: [a, b, c] }: TraceRecord, domid: number): Role | undefined {
  if (point.step !== undefined) {
    const [at, leg] = STEPS[point.step].arrow;
    return { at, key: `${point.category} ${leg} ${a} ${b}` };
  }
  // The receiver's port is what both ends of an event know.
  if (point === TRACE_POINTS.notify) return { at: 'begin', key: `${eventsOf(b)}${c}` };
  return point === TRACE_POINTS.handle ? { at: 'end', key: `${eventsOf(domid)}${a}` } : undefined;
}

function spanRole({ point, words: [a, b] }: TraceRecord, domid: number): Role | undefined {
  if (point.step === undefined) return undefined;
  const [at, side] = STEPS[point.step].span;
  return { at, key: `${point.category} ${side} ${domid} ${a} ${b}` };
}
