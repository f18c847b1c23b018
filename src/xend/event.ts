// SPDX-License-Identifier: Apache-2.0
import { XmError } from '../errors.ts';
import { cite } from '../sxp/show.ts';
import { didYouMean } from '../words.ts';

/** What happens to domains and what they have, as `xm events` shows it. */

/** Of what an event is, and what may happen to it. */
export const EVENT_KINDS = {
  /** The phases of a life; `preserved`: it ended and stays to be looked at; `gone`: nothing is left; `renamed`. */
  domain: ['building', 'paused', 'running', 'shutdown', 'crashed', 'dying', 'preserved', 'gone', 'renamed'],
  /** The states of `device-table.ts`. */
  device: ['new', 'waiting', 'offered', 'connected', 'unserved', 'closed'],
  /** Of one end of a class in a domain; `failed`: it threw what nobody caught. */
  driver: ['up', 'down', 'failed'],
  /** Of an endpoint of the IDC API, in the order of spec/idc.md 1.3 C. */
  endpoint: ['appear', 'connect', 'disconnect', 'disappear'],
  /** The shared memory and the event channel of a device's connection. */
  ring: ['connected', 'disconnected'],
  /** Something that should move and has not for a while (`stalls/`). */
  stall: ['found', 'over'],
} as const;

export type EventKind = keyof typeof EVENT_KINDS;

/** What may happen to what is of a kind. */
export type EventOf<K extends EventKind> = (typeof EVENT_KINDS)[K][number];

/** What else an event says: short texts and numbers. */
export type EventDetails = Readonly<Record<string, string | number>>;

/** One thing that happened. */
export interface XendEvent {
  /** Goes up by one with each event of this xend, from 1: what is missing between two was missed. */
  readonly seq: number;
  /** Tells this xend from those before and after it, whose numbers begin with 1 too. */
  readonly boot: string;
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly kind: EventKind;
  readonly event: string;
  /** The domain that it happened to, by its name at that time. */
  readonly domid: number;
  readonly domain: string;
  readonly details: EventDetails;
}

/** `KEY=VALUE` conditions: of those with one key any may hold, of the keys all. */
export type EventFilter = ReadonlyMap<string, ReadonlySet<string>>;

/** What filters may name beside what the kinds of events say. */
const FIELDS: readonly string[] = ['kind', 'event', 'domain', 'domid'];
const DETAILS: readonly string[] = [
  ...['uuid', 'reason', 'class', 'device', 'devid', 'backend', 'end', 'address', 'peer', 'connection'],
  ...['port', 'backPort', 'former', 'rule', 'what', 'owes'],
];

/** Keys that a filter may have. */
const FILTER_KEYS: readonly string[] = [...FIELDS, ...DETAILS];

/** What a filter's key may be given, where that is known: who waits for what never comes waits for ever. */
const KNOWN: Readonly<Record<string, readonly string[]>> = {
  kind: Object.keys(EVENT_KINDS),
  event: [...new Set(Object.values(EVENT_KINDS).flat())],
};

/**
 * Reads conditions.
 *
 * @throws XmError `EFILTER` that says which of them cannot be
 */
export function readFilter(texts: readonly string[]): EventFilter {
  const filter = new Map<string, Set<string>>();
  for (const text of texts) {
    const cut = text.indexOf('=');
    const [key, value] = [text.slice(0, cut), text.slice(cut + 1)];
    if (cut < 1) throw new XmError('EFILTER', `${cite(text)} is not KEY=VALUE`, { hint: 'for example kind=device' });
    if (!FILTER_KEYS.includes(key)) throw unknown(`No event has a ${cite(key)}`, key, FILTER_KEYS);
    const known = KNOWN[key];
    if (known !== undefined && !known.includes(value))
      throw unknown(`No event has ${key}=${cite(value)}`, value, known);
    filter.set(key, (filter.get(key) ?? new Set()).add(value));
  }
  return filter;
}

function unknown(message: string, word: string, known: readonly string[]): XmError {
  const hint = didYouMean(word, known) ?? `there are: ${known.join(', ')}`;
  return new XmError('EFILTER', message, { hint });
}

/** Whether all conditions hold. A domain may be named by its number too. */
export function passes(filter: EventFilter, { kind, event, domid, domain, details }: XendEvent): boolean {
  const values: Readonly<Record<string, string | number | undefined>> = { ...details, kind, event, domid, domain };
  for (const [key, wanted] of filter) {
    if (wanted.has(String(values[key])) && values[key] !== undefined) continue;
    if (key === 'domain' && wanted.has(String(domid))) continue;
    return false;
  }
  return true;
}

/** Whether events of a domain may pass, as far as the filter is about domains. */
export function concerns(filter: EventFilter, { domid, domain }: Pick<XendEvent, 'domid' | 'domain'>): boolean {
  const named = filter.get('domain');
  const numbered = filter.get('domid');
  const isNamed = named === undefined || named.has(domain) || named.has(String(domid));
  return isNamed && (numbered === undefined || numbered.has(String(domid)));
}
