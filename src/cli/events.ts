// SPDX-License-Identifier: Apache-2.0
import { printable } from '../words.ts';
import type { XendApi } from '../xend/contract.ts';
import { queryOf } from './query.ts';
import { moment } from './time.ts';

/** Options of `xm events`, as typed. */
export interface EventOptions {
  readonly since?: string | undefined;
  readonly filter?: readonly string[] | undefined;
}

/** What a stream of events holds: one, or the number of those that were missed. */
export type EventItem = XendApi['events.read']['result']['events'][number] | { readonly lost: number };

/**
 * What xend is asked for.
 *
 * @param now milliseconds since 1970
 * @returns the parameters of `events.read`, and the path of the stream that goes on
 * @throws XmError `ETIME`
 */
export function eventRequest({ since, filter }: EventOptions, now: number) {
  const params: XendApi['events.read']['params'] = {
    ...(since === undefined ? {} : { since: Math.floor(moment(since, now)) }),
    ...(filter === undefined ? {} : { filters: filter }),
  };
  return { params, path: `/events?${queryOf(params)}` };
}

/** The domains that filters name. */
export function domainsOf({ filter = [] }: EventOptions): readonly string[] {
  return filter.flatMap((text) => (text.startsWith('domain=') ? [text.slice('domain='.length)] : []));
}

/** What a stream holds, without the mark between past and present. */
export async function* eventItems(frames: AsyncIterable<string>): AsyncGenerator<EventItem> {
  for await (const frame of frames) {
    const item: EventItem | null = JSON.parse(frame);
    if (item !== null) yield item;
  }
}

/** One event as a line for people: number, time, what happened to what in which domain, and what else there is to say. */
export function eventText(item: EventItem): string {
  if ('lost' in item) return `[${item.lost} events were lost]`;
  const { seq, time, kind, event, domid, domain, details } = item;
  const more = Object.entries(details).map(([key, value]) => `${key}=${shown(value)}`);
  return [seq, new Date(time).toISOString(), kind, event, domain, `(${domid})`, ...more].join(' ');
}

/** The same for programs. */
export function eventJson(item: EventItem): Readonly<Record<string, unknown>> {
  if ('lost' in item) return item;
  const { details, time, ...event } = item;
  return { ...event, time: new Date(time).toISOString(), ...details };
}

/** Reasons are what domains said. */
function shown(value: string | number): string {
  const text = String(value);
  return /^[\w.:/+-]+$/.test(text) ? text : printable(JSON.stringify(text));
}
