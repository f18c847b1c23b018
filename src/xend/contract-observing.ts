// SPDX-License-Identifier: Apache-2.0
import type { RingView } from '../devices/contract.ts';
import type { PortInfo } from '../hv/evtchn.ts';
import type { GrantInfo } from '../hv/grants.ts';
import type { DomainArg, DomainInfo } from './contract-domains.ts';
import type { XendEvent } from './event.ts';
import type { DeviceInspection, DomainInspection } from './inspect-contract.ts';
import type { LogLevel } from './log-line.ts';
import type { MetricFamily } from './openmetrics.ts';

/**
 * One shared ring at one moment, read from shared memory without asking the domains: of a device, of a connection at an
 * address, of a vchan, or one of Argo's, of which the receiver is the front end. All counts are totals modulo 2^32; what the domains write there is not believed to be more than numbers.
 */
export interface RingStats extends RingView {
  /** The front end's domain, which owns the memory, and the back end's; 32756 (`ARGO_DOMID_ANY`) for a ring that takes from all. */
  readonly domid: number;
  readonly backId: number;
  /** `vbd` and other classes; `idc` and `vsock` for connections at addresses; `vchan`; `argo` for what kernels do with Argo. */
  readonly class: string;
  /** Name of the device, the address, the vchan's name or path, or Argo's `:PORT` and `:PORT/PARTNER`. */
  readonly device: string;
  /** The event channel's two ends; another one is another connection. Of Argo that of VIRQ_ARGO, and -1. */
  readonly evtchn: number;
  readonly backEvtchn: number;
  /** Notifications ever sent by the front end and by the back end, for all rings of the connection; of Argo, of the receiver. */
  readonly notifyFront: number;
  readonly notifyBack: number;
  /** Bytes ever moved by the requests of a device whose class counts them. */
  readonly bytes?: number;
  /** Milliseconds since 1970 at which an index is known to have moved last: from the ring itself, or as xend saw it. */
  readonly lastProgress: number;
}

/** What tells a ring from all others. */
export type RingName = Pick<RingStats, 'domid' | 'backId' | 'class' | 'device' | 'evtchn' | 'direction'>;

/** A message that is in a ring, or was and is still to be seen there; of a stream of bytes a line of them. */
export interface RingMessage {
  /** Nobody has taken it; somebody has; it is answered. */
  readonly state: 'waiting' | 'taken' | 'answered';
  /** What it says, in the words of its class if that has some. */
  readonly text: string;
  /** Of a request. */
  readonly id?: number;
  /** Of its answer: 0, or what the service said is wrong. */
  readonly error?: number;
  /** Milliseconds since it was asked, and microseconds until it was answered: of a transaction that was recorded (`trace.start`). */
  readonly age?: number;
  readonly latency?: number;
}

/** Numbers of one domain at one moment. */
export interface DomainStats extends DomainInfo {
  /** KiB of heap and extents in use. */
  readonly memoryUsed: number;
  readonly extents: number;
  readonly ports: number;
  readonly grants: number;
  /** By class: number of devices and the sum of each of the class's counters, e.g. `{vbd: {count: 1, rd: 10, wr: 0}}`. */
  readonly devices: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

/** One sample for `xm top`. */
export interface Stats {
  /** Milliseconds since 1970. */
  readonly time: number;
  /** Of the machine, KiB. */
  readonly memoryTotal: number;
  readonly memoryFree: number;
  readonly cpus: number;
  readonly mhz: number;
  readonly domains: readonly DomainStats[];
  readonly rings: readonly RingStats[];
  /** As the method `stalls` has them; absent from a xend that knows none. */
  readonly stalls?: readonly Stall[];
}

/** Something that should move and does not. */
export interface Stall {
  /** Which rule says so: `loop`, `channel-masked`, `channel-pending`, `device`, `ring-requests`, `ring-answers` or `ring-work`. */
  readonly rule: string;
  /** Milliseconds for which xend has seen it like this. */
  readonly age: number;
  /** Whose it is. */
  readonly domid: number;
  readonly domain: string;
  /** The thread, event channel, device or ring. */
  readonly what: string;
  /** Who has to do the next step, and as which end of it. */
  readonly owes: { readonly domid: number; readonly domain: string; readonly end: 'front' | 'back' | 'domain' };
  /** What that one has not done, to be read after its name. */
  readonly text: string;
}

/** Whether domains record what happens. */
export interface TraceStatus {
  readonly on: boolean;
  /** Whose records there are: xend's own, those of domains and of domains that were. */
  readonly tracks: readonly { readonly domid: number; readonly name: string; readonly gone: boolean }[];
}

/** What one domain recorded, or xend, which has a number that no domain has. */
export interface TraceTrackCopy {
  readonly domid: number;
  readonly name: string;
  /** It has ended. */
  readonly gone: boolean;
  /** Records that it has room for. */
  readonly records: number;
  /** A copy of its memory in base64, for `readTrace`. */
  readonly copy: string;
}

/** One end of an event channel; `remote` is 32753 (`DOMID_XEN`) where xend itself is at the other. */
export interface ChannelInfo extends Omit<PortInfo, 'status' | 'virq'> {
  readonly domid: number;
  readonly state: 'unbound' | 'interdomain' | 'virq';
  /** Of a virtual interrupt, its name. */
  readonly virq?: string;
  /** What it is for, as far as xend knows: `vbd xvda`. */
  readonly use: string;
}

/** A grant of `domid` to `grantee`. */
export interface DomainGrant extends GrantInfo {
  readonly domid: number;
  readonly use: string;
}

/** What can be seen: samples, logs, events, traces, stalls. */
export interface ObservingApi {
  /** Everything that is known of a domain, or of one of its devices, by name (`xvda`) or `CLASS/NUMBER`; also as SXP. */
  inspect: {
    params: DomainArg & { readonly device?: string };
    result: { readonly inspection: DomainInspection | DeviceInspection; readonly sxp: string };
  };
  /**
   * Records of xend.log (`log-line.ts`): the last `lines` (default all) of those that are not older than `since` nor younger than
   * `until` (milliseconds since 1970), of this `level` or a more important one, and that name one of `domains`.
   */
  'log.read': {
    params: {
      readonly lines?: number;
      readonly since?: number;
      readonly until?: number;
      readonly level?: LogLevel;
      readonly domains?: readonly string[];
    };
    result: { readonly lines: readonly string[] };
  };
  /** Has all domains record what happens, up to `records` of the last things each; what was recorded before is forgotten. */
  'trace.start': { params: { readonly records?: number }; result: TraceStatus };
  /** Has nobody record any more; what was recorded can be read until the next start. */
  'trace.stop': { params: Record<string, never>; result: TraceStatus };
  'trace.dump': { params: Record<string, never>; result: readonly TraceTrackCopy[] };
  /**
   * Events that xend keeps (`event.ts`), oldest first: none older than `since` (milliseconds since 1970), those for which all
   * `filters` hold. `lost` of then are not kept any more.
   */
  'events.read': {
    params: { readonly since?: number; readonly filters?: readonly string[] };
    result: { readonly events: readonly XendEvent[]; readonly lost: number };
  };
  stats: { params: Record<string, never>; result: Stats };
  /** The last messages of a ring, oldest first, as far as its memory still has them; at most `count`, 8 unless said. */
  'ring.messages': { params: RingName & { readonly count?: number }; result: readonly RingMessage[] };
  /** Ends of event channels, of all domains. */
  'channel.list': { params: Record<string, never>; result: readonly ChannelInfo[] };
  /** Grants of all domains, and who maps them. */
  'grant.list': { params: Record<string, never>; result: readonly DomainGrant[] };
  /** What is measured, for collectors; `openmetrics.ts` makes their text of it. */
  metrics: { params: Record<string, never>; result: { readonly families: readonly MetricFamily[] } };
  /** What should move and has not for some seconds; what may be the cause of others comes first. */
  stalls: { params: Record<string, never>; result: readonly Stall[] };
}
