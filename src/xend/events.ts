// SPDX-License-Identifier: Apache-2.0
import { randomBytes } from 'node:crypto';
import type { EventDetails, EventKind, EventOf, XendEvent } from './event.ts';

/** Events that are kept, and of one domain: one that does much leaves the others theirs. */
export interface EventRoom {
  readonly all: number;
  readonly perDomain: number;
}

const ROOM: EventRoom = { all: 4096, perDomain: 512 };
/** Characters of a text that a domain had a say in. */
const MAX_TEXT = 200;

/** The one place where all parts of xend say what happens; whoever wants to know listens here. */
export interface Events {
  publish<K extends EventKind>(
    kind: K,
    event: EventOf<K>,
    domain: { readonly domid: number; readonly name: string },
    details?: EventDetails,
  ): void;
  /** The events that are kept, none older than `since` (milliseconds since 1970), and how many of then are not kept any more. */
  read(since?: number): { readonly events: readonly XendEvent[]; readonly lost: number };
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
  /** Times of what is not kept any more, as far as anybody can have an idea of them: the youngest, and how many they are. */
  let dropped = { until: 0, count: 0 };
  let seq = 0;

  function drop(index: number): void {
    // What is oldest of all goes in no time; only who floods makes the others move up.
    const old = index === 0 ? kept.shift() : kept.splice(index, 1)[0];
    if (old === undefined) return;
    const left = (perDomain.get(old.domid) ?? 1) - 1;
    if (left === 0) perDomain.delete(old.domid);
    else perDomain.set(old.domid, left);
    dropped = { until: Math.max(dropped.until, old.time), count: dropped.count + 1 };
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
    read: (since = 0) => ({
      events: kept.filter(({ time }) => time >= since),
      lost: dropped.until >= since ? dropped.count : 0,
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
