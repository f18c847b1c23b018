// SPDX-License-Identifier: Apache-2.0
import type { TraceEvent } from '../../src/trace/events.ts';

/** Rounding of times, microseconds. */
const ROUNDING = 0.1;

/** What an event of a phase has beside name, category, time, process and thread. */
const PHASES: Readonly<Record<string, (event: Readonly<Record<string, unknown>>) => boolean>> = {
  X: ({ dur }) => typeof dur === 'number' && dur > 0,
  b: ({ id }) => Number.isSafeInteger(id),
  e: ({ id }) => Number.isSafeInteger(id),
  s: ({ id }) => Number.isSafeInteger(id),
  f: ({ id, bp }) => Number.isSafeInteger(id) && bp === 'e',
  M: ({ name, args }) => /^(?:process|thread)_(?:name|sort_index|labels)$/.test(String(name)) && Object(args) === args,
};

/** A file as a whole: what the description of the Trace Event Format says of its JSON object form. */
export function eventsIn(file: string): readonly TraceEvent[] {
  const { traceEvents, displayTimeUnit } = JSON.parse(file);
  if (!Array.isArray(traceEvents) || !['ms', 'ns'].includes(displayTimeUnit)) throw new Error('no trace file');
  return traceEvents;
}

/**
 * Checks events as a viewer reads them: the form of each; times of a thread that never go back; spans of a thread one within the
 * other; ends of arrows that match, forward in time, each at a span; ends of other spans that have a beginning.
 *
 * @returns what is wrong, in words
 */
export function faultsOf(events: readonly TraceEvent[]): readonly string[] {
  return [...formFaults(events), ...orderFaults(events), ...nestingFaults(events), ...pairFaults(events)];
}

function* formFaults(events: readonly TraceEvent[]): Generator<string> {
  for (const event of events) {
    const { ph, name, cat, ts, pid, tid } = event;
    const common = typeof name === 'string' && typeof cat === 'string' && Number.isFinite(ts) && ts >= 0;
    const good = common && Number.isSafeInteger(pid) && Number.isSafeInteger(tid) && PHASES[ph]?.({ ...event });
    if (!good) yield `malformed: ${JSON.stringify(event)}`;
  }
}

function threadsOf(events: readonly TraceEvent[]): readonly (readonly TraceEvent[])[] {
  const timed = events.filter(({ ph }) => ph !== 'M');
  return [...Map.groupBy(timed, ({ pid, tid }) => `${pid} ${tid}`).values()];
}

function* orderFaults(events: readonly TraceEvent[]): Generator<string> {
  for (const thread of threadsOf(events)) {
    for (const [index, event] of thread.entries()) {
      if (event.ts < (thread[index - 1]?.ts ?? 0)) yield `goes back: ${JSON.stringify(event)}`;
    }
  }
}

function* nestingFaults(events: readonly TraceEvent[]): Generator<string> {
  for (const thread of threadsOf(events)) {
    const open: number[] = [];
    for (const { ph, ts, dur = 0, name } of thread) {
      if (ph !== 'X') continue;
      while (open.length > 0 && open.at(-1)! <= ts + ROUNDING) open.pop();
      if (open.length > 0 && ts + dur > open.at(-1)! + ROUNDING) yield `${name} at ${ts} is half in another span`;
      open.push(ts + dur);
    }
  }
}

function* pairFaults(events: readonly TraceEvent[]): Generator<string> {
  const spans = new Set(events.filter(({ ph }) => ph === 'X').map(({ pid, tid, ts }) => `${pid} ${tid} ${ts}`));
  const keyOf = ({ cat, name, id }: TraceEvent): string => `${cat} ${name} ${id}`;
  const of = (ph: string) =>
    Map.groupBy(
      events.filter((event) => event.ph === ph),
      keyOf,
    );
  const [tails, heads, begun, ended] = [of('s'), of('f'), of('b'), of('e')];
  for (const [key, found] of [...tails, ...heads]) {
    const [tail, head] = [tails.get(key)?.[0], heads.get(key)?.[0]];
    if (found.length !== 1 || tail === undefined || head === undefined) yield `arrow ${key} has not two ends`;
    else if (tail.ts > head.ts) yield `arrow ${key} leads back in time`;
    for (const { pid, tid, ts } of found) {
      if (!spans.has(`${pid} ${tid} ${ts}`)) yield `arrow ${key} has an end at no span`;
    }
  }
  for (const [key, found] of begun) if (found.length !== 1) yield `span ${key} begins twice`;
  for (const [key, [end, ...more]] of ended) {
    const begin = begun.get(key)?.[0];
    const matches = begin !== undefined && begin.pid === end?.pid && begin.ts <= end.ts && more.length === 0;
    if (!matches) yield `span ${key} ends without its beginning`;
  }
}
