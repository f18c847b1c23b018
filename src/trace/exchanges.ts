// SPDX-License-Identifier: Apache-2.0
import { placeOf, RECORD, type TraceMemory, viewsOf, WRITTEN } from './memory.ts';
import { POINT } from './points.ts';

/** When one who asks did so, and when it had its answer: microseconds of the common clock. */
export interface ExchangeTimes {
  asked?: number;
  done?: number;
}

/**
 * Looks up when some transactions were asked and done, from the newest record back. The domain goes on writing meanwhile: what is
 * found may be another one's then, as anything that it writes there.
 *
 * @param memory of the domain that asks
 * @param channel the number of the connection's requests of that domain
 */
export function findExchanges(
  memory: TraceMemory,
  channel: number,
  ids: readonly number[],
): ReadonlyMap<number, ExchangeTimes> {
  const { words, times, records } = viewsOf(memory);
  const written = Atomics.load(words, WRITTEN) >>> 0;
  const found = new Map<number, ExchangeTimes>(ids.map((id) => [id, {}]));
  let missing = ids.length;
  for (let back = 1; back <= Math.min(records, written) && missing > 0; back++) {
    const place = placeOf(written - back, records);
    const point = words[place + RECORD.point];
    if ((point !== POINT.ask && point !== POINT.done) || words[place + RECORD.own] !== channel) continue;
    const exchange = found.get(words[place + RECORD.own + 1]! >>> 0);
    if (exchange === undefined || exchange.asked !== undefined) continue;
    const start = times[place >> 1]!;
    if (point === POINT.done) {
      exchange.done ??= start;
    } else {
      exchange.asked = start;
      missing--;
    }
  }
  return found;
}
