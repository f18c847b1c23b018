// SPDX-License-Identifier: Apache-2.0
import type { DomainStats, RingStats, Stats } from '../xend/contract.ts';

/** One domain between two samples; counters are totals, KiB is 1024 bytes. */
export interface DomainRow {
  readonly domid: number;
  readonly name: string;
  /** xentop's order: `dsbcpr`, `-` where not. */
  readonly state: string;
  readonly cpuSeconds: number;
  /** Of one CPU, since the sample before; 0 in the first. */
  readonly cpuPercent: number;
  readonly memoryKib: number;
  readonly memoryPercent: number;
  readonly maxKib: number;
  readonly maxPercent: number;
  readonly vcpus: number;
  readonly nets: number;
  readonly netTxKib: number;
  readonly netRxKib: number;
  readonly vbds: number;
  readonly vbdDelayed: number;
  readonly vbdReads: number;
  readonly vbdWrites: number;
  readonly vbdReadSectors: number;
  readonly vbdWrittenSectors: number;
}

/** One shared ring between two samples. */
export interface RingRow {
  readonly domid: number;
  readonly domain: string;
  readonly device: string;
  readonly direction: string;
  /** Slots, or bytes of a byte ring. */
  readonly size: number;
  readonly used: number;
  /** Requests a second; undefined for a byte ring. */
  readonly requestRate?: number;
  /** Bytes a second; undefined for a ring of slots. */
  readonly byteRate?: number;
  /** Notifications of both sides since the sample before, or ever in the first. */
  readonly notifications: number;
  /**
   * Of the requests and responses in that time, how many in a hundred went without a notification of their own.
   * Undefined when there were none, and for byte rings, whose bytes have none.
   */
  readonly savedPercent?: number;
}

/** What one round of `xm top` shows. */
export interface Sample {
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly memoryTotalKib: number;
  readonly memoryFreeKib: number;
  readonly cpus: number;
  readonly mhz: number;
  readonly domains: readonly DomainRow[];
  readonly rings: readonly RingRow[];
}

const STATES = ['d', 's', 'b', 'c', 'p', 'r'];

/**
 * Turns two readings of the counters into what is shown. A domain or ring that was not there before, or whose counters
 * fell because it started again, counts from zero.
 *
 * @param previous undefined for the first round, in which all rates are zero.
 */
export function sample(previous: Stats | undefined, current: Stats): Sample {
  const seconds = previous ? (current.time - previous.time) / 1000 : 0;
  const rate = (before: number | undefined, now: number) => (seconds > 0 ? increase(before, now) / seconds : 0);
  const domainsBefore = new Map(previous?.domains.map((one) => [one.domid, one]));
  const ringsBefore = new Map(previous?.rings.map((one) => [ringKey(one), one]));
  const names = new Map(current.domains.map((one) => [one.domid, one.name]));
  return {
    time: current.time,
    memoryTotalKib: current.memoryTotal,
    memoryFreeKib: current.memoryFree,
    cpus: current.cpus,
    mhz: current.mhz,
    domains: current.domains.map((now) => {
      const cpuPercent = 100 * rate(domainsBefore.get(now.domid)?.cpuTime, now.cpuTime);
      return domainRow(now, cpuPercent, current.memoryTotal);
    }),
    rings: current.rings.map((now) => {
      const before = ringsBefore.get(ringKey(now));
      return ringRow(now, before, rate(before?.reqProd, now.reqProd), names.get(now.domid) ?? String(now.domid));
    }),
  };
}

function domainRow(now: DomainStats, cpuPercent: number, total: number): DomainRow {
  const counter = (kind: string, name: string) => now.devices[kind]?.[name] ?? 0;
  const percent = (kib: number) => (total > 0 ? (100 * kib) / total : 0);
  return {
    domid: now.domid,
    name: now.name,
    state: STATES.map((letter) => (now.state.includes(letter) ? letter : '-')).join(''),
    cpuSeconds: now.cpuTime,
    cpuPercent,
    memoryKib: now.memoryUsed,
    memoryPercent: percent(now.memoryUsed),
    maxKib: now.memory * 1024,
    maxPercent: percent(now.memory * 1024),
    vcpus: now.vcpus,
    nets: counter('vif', 'count'),
    netTxKib: counter('vif', 'tx') / 1024,
    netRxKib: counter('vif', 'rx') / 1024,
    vbds: counter('vbd', 'count'),
    vbdDelayed: counter('vbd', 'oo'),
    vbdReads: counter('vbd', 'rd'),
    vbdWrites: counter('vbd', 'wr'),
    vbdReadSectors: counter('vbd', 'rsect'),
    vbdWrittenSectors: counter('vbd', 'wsect'),
  };
}

function ringRow(now: RingStats, before: RingStats | undefined, rate: number, domain: string): RingRow {
  const { domid, device, direction, size, used } = now;
  const notifications = increase(before?.notifyFront, now.notifyFront) + increase(before?.notifyBack, now.notifyBack);
  const shown = { domid, domain, device, direction, size, used, notifications };
  if (direction === 'in' || direction === 'out') return { ...shown, byteRate: rate };
  const events = increase(before?.reqProd, now.reqProd) + increase(before?.rspProd, now.rspProd);
  const saved = events > 0 ? { savedPercent: Math.max(0, 100 * (1 - notifications / events)) } : {};
  return { ...shown, requestRate: rate, ...saved };
}

function increase(before: number | undefined, now: number): number {
  return before === undefined || now < before ? now : now - before;
}

function ringKey({ domid, device, evtchn, direction }: RingStats): string {
  return `${domid} ${device} ${evtchn} ${direction}`;
}
