// SPDX-License-Identifier: Apache-2.0
import { createTraceMemory, stopTrace, type TraceMemory } from '../trace/memory.ts';
import { createRecorder, type Recorder } from '../trace/recorder.ts';
import { DOMID_XEN, type DomId } from './contract.ts';

/** What tracing knows of a domain. */
export interface TracedDomain {
  readonly domid: DomId;
  readonly name: string;
  /** Has its thread record there from now on, or nowhere. */
  readonly tellTrace: (memory: TraceMemory | undefined) => void;
}

/** The records of one domain, which stay when it is gone. */
export interface TraceTrack {
  readonly domid: DomId;
  readonly name: string;
  readonly memory: TraceMemory;
  readonly gone: boolean;
}

/** Which domains record what happens, and where. */
export interface Tracing {
  /** Records that each domain has room for; undefined while nothing is recorded. */
  readonly records: number | undefined;
  /** Has all domains record, those to come too, each in memory of its own. What was recorded before is forgotten. */
  start(records: number): void;
  /** Has nobody record any more, from this moment on. What was recorded stays. */
  stop(): void;
  /** Of this thread, of the domains and of those that were. */
  tracks(): readonly TraceTrack[];
  /** Where this thread records. */
  readonly recorder: Recorder;
  /** A domain comes. @returns where it is to record from its beginning */
  begin(domain: TracedDomain): TraceMemory | undefined;
  /** It has gone. */
  end(domid: DomId): void;
}

/** Domains whose records stay after them; of more the oldest go. */
const MAX_GONE = 64;

/** @param domains those that are there when it starts and stops */
export function createTracing(domains: ReadonlyMap<DomId, TracedDomain>): Tracing {
  const recorder = createRecorder();
  const tracks = new Map<DomId, TraceTrack>();
  let records: number | undefined;

  function add({ domid, name }: Pick<TracedDomain, 'domid' | 'name'>, room: number): TraceMemory {
    const memory = createTraceMemory(room);
    tracks.set(domid, { domid, name, memory, gone: false });
    return memory;
  }

  return {
    recorder,
    get records() {
      return records;
    },
    start(room) {
      records = room;
      tracks.clear();
      recorder.record(add({ domid: DOMID_XEN, name: 'xend' }, room));
      for (const domain of domains.values()) domain.tellTrace(add(domain, room));
    },
    stop() {
      records = undefined;
      recorder.record(undefined);
      for (const { memory } of tracks.values()) stopTrace(memory);
      for (const domain of domains.values()) domain.tellTrace(undefined);
    },
    tracks: () => [...tracks.values()],
    begin: (domain) => (records === undefined ? undefined : add(domain, records)),
    end(domid) {
      const track = tracks.get(domid);
      if (track === undefined) return;
      // At the end of the order, behind those that went before it.
      tracks.delete(domid);
      tracks.set(domid, { ...track, gone: true });
      const gone = [...tracks.values()].filter((other) => other.gone);
      for (const { domid: oldest } of gone.slice(0, -MAX_GONE)) tracks.delete(oldest);
    },
  };
}
