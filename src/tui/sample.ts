// SPDX-License-Identifier: Apache-2.0
import type {
  ChannelInfo,
  DomainGrant,
  DomainStats,
  IdcEndpointInfo,
  RingName,
  RingStats,
  Stall,
  Stats,
} from '../xend/contract.ts';
import { stallSentence } from '../xend/stalls/words.ts';
import { quantileOf } from './latency.ts';
import type { Reading } from './reading.ts';

/** One domain between two samples; counters are totals, KiB is 1024 bytes. */
export interface DomainRow {
  readonly domid: number;
  readonly name: string;
  /** xentop's order: `dsbcpr`, `-` where not. */
  readonly state: string;
  /** Of a domain that shares a thread, an estimate. */
  readonly cpuSeconds: number;
  /** Of one CPU, since the sample before; 0 in the first. */
  readonly cpuPercent: number;
  /** Shares a thread with others: see `refreshUsage` of xend. */
  readonly cpuEstimated: boolean;
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
  /** Why it stopped, when it did and is still there. */
  readonly shutdownReason?: string;
  /** Why it is not there any more; such a row is the last that was seen of it. */
  readonly gone?: string;
}

/** One shared ring between two samples. */
export interface RingRow {
  /** Names it among all rings there ever are. */
  readonly id: string;
  /** Of the front end and of the back end. */
  readonly domid: number;
  readonly domain: string;
  readonly backId: number;
  readonly back: string;
  readonly class: string;
  readonly device: string;
  readonly direction: string;
  /** The event channel's two ends. */
  readonly evtchn: number;
  readonly backEvtchn: number;
  /** Slots, or bytes of a byte ring. */
  readonly size: number;
  readonly used: number;
  readonly reqProd: number;
  readonly reqCons: number;
  readonly rspProd: number;
  readonly rspCons: number;
  /** Requests a second, or messages; undefined for a byte ring that counts none. */
  readonly requestRate?: number;
  /** Bytes a second, of a byte ring and of a device that counts them. */
  readonly byteRate?: number;
  /** Median and the 99th percentile of the time to an answer since the sample before, or ever in the first; microseconds. */
  readonly p50?: number;
  readonly p99?: number;
  /** Answers that were timed in that time, by buckets that double from 1 µs on. */
  readonly latency: readonly number[];
  /** Notifications of both sides since the sample before, or ever in the first. */
  readonly notifications: number;
  /** The same a second; 0 in the first sample. */
  readonly notificationRate: number;
  /**
   * Of the requests and responses (or messages) in that time, how many in a hundred went without a notification of their own.
   * Undefined when there were none, and for a byte ring that counts none: bytes have no notifications.
   */
  readonly savedPercent?: number;
  /** Requests ever that waited for a free slot; of a byte ring, writers that wait for room now, if it tells. */
  readonly waits?: number;
  /** For how long xend has seen it stand still, milliseconds, and who has not done what; undefined while it moves. */
  readonly stalled?: number;
  readonly stall?: string;
}

/** One end of an event channel between two samples. */
export interface ChannelRow extends ChannelInfo {
  readonly domain: string;
  /** Name of the other end's domain; empty if there is none. */
  readonly remoteName: string;
  /** Events a second. */
  readonly sentRate: number;
  readonly receivedRate: number;
}

/** One endpoint between two samples. */
export interface EndpointRow extends IdcEndpointInfo {
  /** Requests a second, both ways. */
  readonly rate: number;
}

/** A grant and the names of its two domains. */
export interface GrantRow extends DomainGrant {
  readonly domain: string;
  readonly granteeName: string;
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
  /** What should move and does not, as xend judges; absent when there is nothing. */
  readonly stalls?: readonly Stall[];
  readonly channels?: readonly ChannelRow[];
  readonly endpoints?: readonly EndpointRow[];
  readonly grants?: readonly GrantRow[];
}

const STATES = ['d', 's', 'b', 'c', 'p', 'r'];

/**
 * Turns two readings of the counters into what is shown. What was not there before, or whose counters fell because it started
 * again, counts from zero.
 *
 * @param previous undefined for the first round, in which all rates are zero.
 */
export function sample(previous: Reading | undefined, current: Reading): Sample {
  const { stats, stalls = [], channels, endpoints, grants } = current;
  const compare = comparison(previous?.stats, stats);
  const names = new Map(stats.domains.map((one) => [one.domid, one.name]));
  const nameOf = (domid: number) => names.get(domid) ?? (domid === ARGO_DOMID_ANY ? 'any' : String(domid));
  const stallOf = ({ domid, backId, class: kind, device, direction }: RingStats) =>
    stalls.find(
      (stall) =>
        stall.domid === domid &&
        stall.what === `${kind} ${device} ${direction}` &&
        [domid, backId].includes(stall.owes.domid),
    );
  const domainsBefore = new Map(previous?.stats.domains.map((one) => [one.domid, one]));
  const ringsBefore = new Map(previous?.stats.rings.map((one) => [ringId(one), one]));
  const channelsBefore = new Map(previous?.channels?.map((one) => [channelId(one), one]));
  const endpointsBefore = new Map(previous?.endpoints?.map((one) => [endpointId(one), one]));
  return {
    time: stats.time,
    memoryTotalKib: stats.memoryTotal,
    memoryFreeKib: stats.memoryFree,
    cpus: stats.cpus,
    mhz: stats.mhz,
    domains: stats.domains.map((now) => {
      const cpuPercent = 100 * compare.rate(domainsBefore.get(now.domid)?.cpuTime, now.cpuTime);
      return domainRow(now, cpuPercent, stats.memoryTotal);
    }),
    rings: stats.rings.map((now) => ringRow(now, ringsBefore.get(ringId(now)), compare, nameOf, stallOf(now))),
    ...(channels && {
      channels: channels.map((now) => {
        const before = channelsBefore.get(channelId(now));
        const remoteName = now.state === 'virq' ? '' : nameOf(now.remote);
        return {
          ...now,
          domain: nameOf(now.domid),
          remoteName: now.remote === DOMID_XEN ? 'xend' : remoteName,
          sentRate: compare.since(before?.sent, now.sent),
          receivedRate: compare.since(before?.received, now.received),
        };
      }),
    }),
    ...(endpoints && {
      endpoints: endpoints.map((now) => {
        const before = endpointsBefore.get(endpointId(now));
        const done = ({ sent, received }: IdcEndpointInfo) => sent + received;
        return { ...now, rate: compare.since(before && done(before), done(now)) };
      }),
    }),
    ...(stalls.length > 0 && { stalls }),
    ...(grants && {
      grants: grants.map((now) => ({ ...now, domain: nameOf(now.domid), granteeName: nameOf(now.grantee) })),
    }),
  };
}

/** xend's own end of a channel (src/hv/contract.ts). */
const DOMID_XEN = 0x7ff2;
/** Back end of a ring of Argo that takes messages from every domain (src/hv/argo-contract.ts). */
const ARGO_DOMID_ANY = 0x7ff4;

/** Names a ring among all rings there ever are: another connection has another event channel. */
export function ringId({ domid, backId, class: kind, device, evtchn, direction }: RingName): string {
  return `${domid} ${backId} ${kind} ${device} ${evtchn} ${direction}`;
}

/** Whether what it holds is counted in bytes. */
export function isByteRing({ direction }: Pick<RingStats, 'direction'>): boolean {
  return direction === 'in' || direction === 'out';
}

export const channelId = ({ domid, port }: Pick<ChannelInfo, 'domid' | 'port'>): string => `${domid} ${port}`;

export const grantId = ({ domid, gref }: Pick<DomainGrant, 'domid' | 'gref'>): string => `${domid} ${gref}`;

export const endpointId = ({ domid, address, peerId }: Pick<IdcEndpointInfo, 'domid' | 'address' | 'peerId'>): string =>
  `${domid} ${address} ${peerId ?? ''}`;

/** How counters are compared with those of the round before. */
interface Comparison {
  /** A second; one that was not there before counts from zero. */
  rate(before: number | undefined, now: number): number;
  /** A second; one that was not there before has no rate yet. */
  since(before: number | undefined, now: number): number;
}

function comparison(previous: Stats | undefined, current: Stats): Comparison {
  const seconds = previous ? (current.time - previous.time) / 1000 : 0;
  const rate = (before: number | undefined, now: number) => (seconds > 0 ? increase(before, now) / seconds : 0);
  return { rate, since: (before, now) => (before === undefined ? 0 : rate(before, now)) };
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
    cpuEstimated: now.pool === 'shared',
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
    ...(now.shutdownReason !== undefined && { shutdownReason: now.shutdownReason }),
  };
}

function ringRow(
  now: RingStats,
  before: RingStats | undefined,
  { rate }: Comparison,
  nameOf: (domid: number) => string,
  stall: Stall | undefined,
): RingRow {
  const { domid, backId, class: kind, device, direction, size, timing, messages, waiting } = now;
  const { evtchn, backEvtchn } = now;
  const { reqProd, reqCons, rspProd, rspCons } = now;
  const notifications = increase(before?.notifyFront, now.notifyFront) + increase(before?.notifyBack, now.notifyBack);
  const shown = {
    id: ringId(now),
    domid,
    domain: nameOf(domid),
    backId,
    back: nameOf(backId),
    class: kind,
    device,
    direction,
    evtchn,
    backEvtchn,
    size,
    used: Math.min(now.used, size),
    reqProd,
    reqCons,
    rspProd,
    rspCons,
    latency: (timing?.latency ?? []).map((count, index) => increase(before?.timing?.latency[index], count)),
    notifications,
    notificationRate: before ? rate(before.notifyFront, now.notifyFront) + rate(before.notifyBack, now.notifyBack) : 0,
    ...(stall && { stalled: stall.age, stall: stallSentence(stall) }),
  };
  const saved = (events: number) => events > 0 && { savedPercent: Math.max(0, 100 * (1 - notifications / events)) };
  if (isByteRing(now)) {
    return {
      ...shown,
      byteRate: rate(before?.reqProd, reqProd),
      ...(messages !== undefined && {
        requestRate: rate(before?.messages, messages),
        ...saved(increase(before?.messages, messages)),
      }),
      ...(waiting !== undefined && { waits: waiting }),
    };
  }
  const [p50, p99] = [quantileOf(shown.latency, 0.5), quantileOf(shown.latency, 0.99)];
  return {
    ...shown,
    requestRate: rate(before?.reqProd, reqProd),
    ...(now.bytes !== undefined && { byteRate: rate(before?.bytes, now.bytes) }),
    ...(p50 !== undefined && p99 !== undefined && { p50, p99 }),
    ...saved(increase(before?.reqProd, reqProd) + increase(before?.rspProd, rspProd)),
    ...(timing && { waits: timing.waits }),
  };
}

function increase(before: number | undefined, now: number): number {
  return before === undefined || now < before ? now : now - before;
}
