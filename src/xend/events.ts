// SPDX-License-Identifier: Apache-2.0
import { randomBytes } from 'node:crypto';
import {
  concerns,
  type EventDetails,
  type EventFilter,
  type EventKind,
  type EventOf,
  passes,
  type XendEvent,
} from './event.ts';

/** Events that are kept, and of one domain: one that does much leaves the others theirs. */
export interface EventRoom {
  readonly all: number;
  readonly perDomain: number;
}

const ROOM: EventRoom = { all: 4096, perDomain: 512 };
/** Characters of a text that a domain had a say in. */
const MAX_TEXT = 200;

/** Domains of which it is known how many of their events were dropped, and the number under which the others are. */
const MAX_DROPPED = 1024;
const NOBODY = -1;

/** Events of a domain that are not kept any more. */
interface Dropped {
  readonly name: string;
  readonly until: number;
  readonly count: number;
}

/** The one place where all parts of xend say what happens; whoever wants to know listens here. */
export interface Events {
  publish<K extends EventKind>(
    kind: K,
    event: EventOf<K>,
    domain: { readonly domid: number; readonly name: string },
    details?: EventDetails,
  ): void;
  /**
   * The events that are kept and pass, none older than `since` (milliseconds since 1970), and how many of then, of the domains
   * that the filter names if it names some, are not kept any more.
   */
  read(since?: number, filter?: EventFilter): { readonly events: readonly XendEvent[]; readonly lost: number };
  /** Calls `listener` with each new event; returns the end of it. */
  follow(listener: (event: XendEvent) => void): () => void;
  /** Events so far. */
  count(): number;
}

/**
 * @param now milliseconds since 1970
 * @param boot of all of them: another one with each xend
 */
export function createEvents(
  room: EventRoom = ROOM,
  now: () => number = Date.now,
  boot = randomBytes(4).toString('hex'),
): Events {
  const kept: XendEvent[] = [];
  const perDomain = new Map<number, number>();
  const listeners = new Set<(event: XendEvent) => void>();
  /** What is not kept any more, by domain: the time of the youngest, and how many they are. */
  const dropped = new Map<number, Dropped>();
  let seq = 0;

  function drop(index: number): void {
    // What is oldest of all goes in no time; only who floods makes the others move up.
    const old = index === 0 ? kept.shift() : kept.splice(index, 1)[0];
    if (old === undefined) return;
    const left = (perDomain.get(old.domid) ?? 1) - 1;
    if (left === 0) perDomain.delete(old.domid);
    else perDomain.set(old.domid, left);
    count(old.domid, { name: old.domain, until: old.time, count: 1 });
    if (dropped.size > MAX_DROPPED) forget();
  }

  function count(domid: number, { name, until, count }: Dropped): void {
    const before = dropped.get(domid) ?? { until: 0, count: 0 };
    // Who is first in the map is whose events were dropped the longest ago.
    dropped.delete(domid);
    dropped.set(domid, { name, until: Math.max(before.until, until), count: before.count + count });
  }

  /** Whose events it were that were dropped long ago is not kept for ever, only how many they are. */
  function forget(): void {
    const [domid, oldest] = [...dropped].find(([domid]) => domid !== NOBODY)!;
    dropped.delete(domid);
    count(NOBODY, { ...oldest, name: '' });
  }

  return {
    publish(kind, event, { domid, name }, details = {}) {
      const happened = { seq: ++seq, boot, time: now(), kind, event, domid, domain: name, details: shortened(details) };
      kept.push(happened);
      perDomain.set(domid, (perDomain.get(domid) ?? 0) + 1);
      if ((perDomain.get(domid) ?? 0) > room.perDomain) drop(kept.findIndex((old) => old.domid === domid));
      if (kept.length > room.all) drop(0);
      for (const listener of [...listeners]) listener(happened);
    },
    read: (since = 0, filter = new Map()) => ({
      events: kept.filter((event) => event.time >= since && passes(filter, event)),
      lost: [...dropped]
        .filter(([domid, { name, until }]) => until >= since && concerns(filter, { domid, domain: name }))
        .reduce((sum, [, { count }]) => sum + count, 0),
    }),
    follow(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    count: () => seq,
  };
}

function shortened(details: EventDetails): EventDetails {
  const short = (value: string | number) => (typeof value === 'string' ? value.slice(0, MAX_TEXT) : value);
  return Object.fromEntries(Object.entries(details).map(([key, value]) => [key, short(value)]));
}
