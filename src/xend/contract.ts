// SPDX-License-Identifier: Apache-2.0
import type { RingView } from '../devices/contract.ts';
import type { PortInfo } from '../hv/evtchn.ts';
import type { GrantInfo } from '../hv/grants.ts';
import type { XendEvent } from './event.ts';
import type { DeviceInspection, DomainInspection } from './inspect-contract.ts';
import type { LogLevel } from './log-line.ts';
import type { MetricFamily } from './openmetrics.ts';

/**
 * What xend offers its clients. One service behind it; the command line reaches it as `POST /api/METHOD` with a JSON
 * parameter object on the unix socket {@link RunPaths.socket} (answer: the JSON result, or `{error: ApiError}` with
 * status 400, 404 or 500). Types only, so that a short command loads nothing.
 */

/** One domain as `xm list` shows it. */
export interface DomainInfo {
  readonly domid: number;
  readonly name: string;
  readonly uuid: string;
  /** Quota in MB. */
  readonly memory: number;
  /** Those that are online. */
  readonly vcpus: number;
  /** Pool of threads in which it lives. */
  readonly pool?: string;
  /** Six characters `rbpscd`, `-` where not (spec/xend.md 2.6): running blocked paused shutdown crashed dying. */
  readonly state: string;
  /** Where it stands in its life; absent in answers of older xends. */
  readonly phase?: 'building' | 'paused' | 'running' | 'shutdown' | 'crashed' | 'dying';
  /** It ended and stays to be looked at. */
  readonly preserved?: boolean;
  /** CPU seconds used by the domain's thread. */
  readonly cpuTime: number;
  /** Seconds since 1970 at which it was built. */
  readonly startTime: number;
  readonly uptime: number;
  /** Why it stopped, when it did: `poweroff`, `reboot`, `crash: MESSAGE`. */
  readonly shutdownReason?: string;
  /** Whether xend keeps its configuration. */
  readonly managed?: true;
}

/** A managed domain that is not there, as `xm list` shows it: what it would be. */
export interface DormantInfo extends Pick<DomainInfo, 'name' | 'uuid' | 'memory' | 'vcpus' | 'pool'> {
  readonly state: '';
  readonly cpuTime: 0;
  readonly managed: true;
  /** It goes on with `xm resume`. */
  readonly suspended?: true;
  readonly domid?: undefined;
  readonly uptime?: undefined;
  readonly shutdownReason?: undefined;
}

/** A line of `xm list`. */
export type ListedDomain = DomainInfo | DormantInfo;
/** One virtual processor as `xm vcpu-list` shows it. */
export interface VcpuInfo {
  readonly domid: number;
  readonly name: string;
  readonly vcpu: number;
  readonly online: boolean;
  /** Processor on which it ran last; -1 if it is offline or nobody knows. */
  readonly cpu: number;
  readonly running: boolean;
  readonly blocked: boolean;
  /** Seconds. */
  readonly cpuTime: number;
  /** Processors on which it may run. */
  readonly affinity: readonly number[];
}

/** A pool of threads as `xm cpupool-list` shows it. */
export interface PoolInfo {
  readonly name: string;
  /** `threads` of the operating system, or `loop`: the domains of a thread take turns in its event loop. */
  readonly sched: string;
  readonly active: boolean;
  /** It outlives xend. */
  readonly kept: boolean;
  /** How many threads it has. */
  readonly count: number;
  /** Their numbers; none where each domain has its own. */
  readonly threads: readonly number[];
  readonly domains: readonly string[];
}

/** One device as `xm device-list` shows it, from xend's own record (never from keys a guest can write). */
export interface DeviceInfo {
  readonly class: string;
  readonly domid: number;
  readonly devid: number;
  /** A word for people, e.g. `xvda`; else the number. */
  readonly name: string;
  readonly backendId: number;
  readonly handle: number;
  /** xenbus state number of the front end as xend knows it: 1 initialising ... 4 connected, 5 closing, 6 closed. */
  readonly state: number;
  /** -1 while not connected. */
  readonly evtchn: number;
  /** -1 while not connected. */
  readonly ringRef: number;
  readonly frontPath: string;
  readonly backPath: string;
  readonly config: Readonly<Record<string, string | number | boolean>>;
}

/**
 * One shared ring at one moment, read from shared memory without asking the domains: of a device, or of a connection at an
 * address. All counts are totals modulo 2^32; what the domains write there is not believed to be more than numbers.
 */
export interface RingStats extends RingView {
  /** The front end's domain, which owns the memory, and the back end's. */
  readonly domid: number;
  readonly backId: number;
  /** `vbd` and other classes; `idc` for a connection at an address. */
  readonly class: string;
  /** Name of the device, or the address. */
  readonly device: string;
  /** The event channel's two ends; another one is another connection. */
  readonly evtchn: number;
  readonly backEvtchn: number;
  /** Notifications ever sent by the front end and by the back end, for all rings of the connection. */
  readonly notifyFront: number;
  readonly notifyBack: number;
  /** Bytes ever moved by the requests of a device whose class counts them. */
  readonly bytes?: number;
  /** Milliseconds since 1970 at which an index is known to have moved last: from the ring itself, or as xend saw it. */
  readonly lastProgress: number;
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

/** Where a text came from, so that messages can name it and relative paths can be resolved. */
export interface ConfigText {
  readonly text: string;
  /** As the user typed it, for messages. */
  readonly file: string;
  /** Absolute directory against which relative paths are resolved. */
  readonly directory: string;
  /** Which of many copies is meant: it stands for each `%d` of an SXP text or, if there is none, is appended to names after a `-`. */
  readonly number?: number;
  /** `sxp` if it is nothing else; absent, it is recognised. */
  readonly format?: 'sxp' | undefined;
  /** `NAME=VALUE` each: variables of a Python-style configuration. */
  readonly variables?: readonly string[] | undefined;
}

/** Outcome of checking a text. `report` is ready to print (all findings, with carets, and the last newline); empty when there is nothing to say. */
export interface CheckResult {
  readonly ok: boolean;
  readonly report: string;
  readonly errors: number;
  readonly warnings: number;
  readonly diagnostics: readonly {
    readonly severity: 'error' | 'warning';
    readonly code: string;
    readonly message: string;
    readonly file: string;
    readonly line: number;
    readonly column: number;
    readonly hint?: string;
  }[];
  /** The `(vm ...)` forms, pretty-printed, when ok. */
  readonly sxp?: string;
}

/** Whether xend runs and what it is. */
export interface XendStatus {
  readonly pid: number;
  readonly version: string;
  /** Number that changes when an old client could misunderstand. */
  readonly protocol: number;
  readonly startTime: number;
  readonly socket: string;
  /** For programs that speak xenstore's wire protocol. */
  readonly xenstoreSocket: string;
  readonly stateDir: string;
  readonly domains: number;
  /** What this xend cleaned up at its start because the one before was killed; a line for each thing. */
  readonly recovered: readonly string[];
}

/** A domain named as the user typed it: domid, name or uuid. */
export interface DomainArg {
  readonly domain: string;
}

/** A pool of threads by its name. */
export interface PoolArg {
  readonly pool: string;
}

/** The driver of a class in a domain, for the devices that it has or for those that it serves. */
export interface DriverArg extends DomainArg {
  readonly class: string;
  readonly end: 'front' | 'back';
}

/** One endpoint of the IDC API, as its domain says. */
export interface IdcEndpointInfo {
  readonly domid: number;
  readonly domain: string;
  readonly address: string;
  /** Domain of the peer, and its name, empty if it has gone; absent while no peer was met. */
  readonly peerId?: number;
  readonly peer?: string;
  /** `absent` (nobody else there), `present`, `connected` or `disconnecting`. */
  readonly state: string;
  /** Number that the end has at its address, where it goes up with each connection that ended. */
  readonly incarnation: number;
  /** Connections so far. */
  readonly connections: number;
  /** Requests that the peer has not answered, and beyond the quota those that wait for them. */
  readonly inFlight: number;
  readonly queued: number;
  /** Requests of the peer that are not answered. */
  readonly held: number;
  /** Requests ever sent and received, and those that ended without an answer. */
  readonly sent: number;
  readonly received: number;
  readonly failed: number;
  /** Buffers that are registered. */
  readonly registered: number;
  /** Most requests in flight each way, most bytes of one, most buffers registered. */
  readonly quotas: { readonly inFlight: number; readonly bodyBytes: number; readonly registrations: number };
  /** Why the last connection ended; empty before. */
  readonly lastDisconnect: string;
}

/** Round trips between two endpoints, measured in the domain that pings; times in milliseconds. */
export interface IdcPing {
  readonly address: string;
  readonly domid: number;
  readonly domain: string;
  readonly peerId: number;
  readonly peer: string;
  /** Bytes each way. */
  readonly size: number;
  readonly polled: boolean;
  readonly transmitted: number;
  readonly answered: number;
  readonly time: number;
  /** Absent when nothing was answered. */
  readonly rtt?: {
    readonly min: number;
    readonly avg: number;
    readonly max: number;
    readonly mdev: number;
    readonly p50: number;
    readonly p99: number;
  };
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

/** Which senders or receivers a rule is about: what is absent may be anything. */
export interface VipEnd {
  readonly domid?: number;
  /** Its name, while it is there. */
  readonly domain?: string;
  readonly port?: number;
}

/** A rule about who may send Argo messages to whom. */
export interface VipRule {
  /** The first is 1. */
  readonly position: number;
  readonly accept: boolean;
  readonly from: VipEnd;
  readonly to: VipEnd;
}

/** Methods, their parameters and results. All of them may fail with an {@link ApiError}. */
export interface XendApi {
  /**
   * Builds the domains of a configuration, connects their devices (waits for them) and, unless `paused`, starts them, one
   * after another in the order of the text; nothing stays when one of them fails.
   */
  'domain.create': {
    params: ConfigText & {
      readonly paused?: boolean;
      /** Seconds that all of it may take. Default: 20 for each domain. */
      readonly timeout?: number;
    };
    result: { readonly domains: readonly DomainInfo[]; readonly report: string };
  };
  /** Checks domains and keeps them, until they are deleted; they are not started. All or none. */
  'domain.new': { params: ConfigText; result: { readonly domains: readonly ListedDomain[]; readonly report: string } };
  /** Builds a managed domain and, unless `paused`, starts it; within `timeout` seconds (default: 20). */
  'domain.start': {
    params: DomainArg & { readonly paused?: boolean; readonly timeout?: number };
    result: DomainInfo;
  };
  /** Forgets a managed domain, which may not be there. */
  'domain.delete': { params: DomainArg; result: null };
  /** What `xm list` shows: domains that are there and managed ones that are not. Without names: all, by name. */
  'domain.all': { params: { readonly names?: readonly string[] }; result: readonly ListedDomain[] };
  /** Those that are there. Without names: all, by name; with names: as given, `ENODOMAIN` for an unknown one. */
  'domain.list': { params: { readonly names?: readonly string[] }; result: readonly DomainInfo[] };
  /** `(domain ...)` records pretty-printed, one after another, and the same as JSON. */
  'domain.records': {
    params: { readonly names?: readonly string[] };
    result: { readonly sxp: string; readonly records: readonly Record<string, unknown>[] };
  };
  'domain.pause': { params: DomainArg; result: null };
  'domain.unpause': { params: DomainArg; result: null };
  /** Gives a domain another name; its kernel hears nothing of it. */
  'domain.rename': { params: DomainArg & { readonly name: string }; result: null };
  /**
   * Asks the kernel to end, and ends it when it has not after `timeout` seconds (default 30). With `wait` the call returns when
   * the domain is gone, or runs again if it is to be restarted; it fails when that fails.
   */
  'domain.shutdown': {
    params: DomainArg & {
      readonly reason: 'poweroff' | 'reboot' | 'halt';
      readonly wait?: boolean;
      readonly timeout?: number;
    };
    /** `again`: it was restarted and runs, which is up to its `on_reboot` and `on_poweroff`. */
    result: { readonly done: boolean; readonly again: boolean };
  };
  /** Ends it at once. Returns when nothing of it is left. */
  'domain.destroy': { params: DomainArg; result: null };
  /**
   * Writes a running domain to a file (absolute), and ends it unless `checkpoint`. Its kernel has `timeout` seconds (default 20) to
   * give its state. What fails leaves no file and lets the domain go on.
   */
  'domain.save': {
    params: DomainArg & { readonly path: string; readonly checkpoint?: boolean; readonly timeout?: number };
    result: { readonly path: string };
  };
  /** Makes the domain of such a file again; all or nothing. The file stays. */
  'domain.restore': { params: { readonly path: string; readonly paused?: boolean }; result: DomainInfo };
  /** Saves a managed domain where xend finds it, and ends it; see `domain.save`. */
  'domain.suspend': { params: DomainArg & { readonly timeout?: number }; result: null };
  /** Lets it go on. */
  'domain.resume': { params: DomainArg & { readonly paused?: boolean }; result: DomainInfo };
  /**
   * Writes what a domain has (pages, grant table, event channels, configuration, last output) to a file, `path` (absolute) or one
   * that xend names. It pauses meanwhile unless `live`; then it goes on, or is destroyed or rebooted at once.
   */
  'domain.dump': {
    params: DomainArg & { readonly path?: string; readonly live?: boolean; readonly after?: 'destroy' | 'reset' };
    result: { readonly path: string };
  };
  /** Changes the quota of a running domain, MB: refused when it uses more than that, or its maximum or the machine has less. */
  'domain.setMemory': { params: DomainArg & { readonly memory: number }; result: null };
  /** Changes up to which its quota may be raised, MB. Nothing is promised by it. */
  'domain.setMaxMemory': { params: DomainArg & { readonly memory: number }; result: null };
  /** Reboots it without asking it; returns when what its `on_reboot` says is done. */
  'domain.reset': { params: DomainArg; result: null };
  /** Sends a letter to its kernel, which does what it does with it. */
  'domain.sysrq': { params: DomainArg & { readonly letter: string }; result: null };
  /** What a button or a line of a machine does. `vcpu` counts from 0, which it is unless said. */
  'domain.trigger': {
    params: DomainArg & { readonly trigger: 'nmi' | 'reset' | 'init' | 's3resume' | 'power'; readonly vcpu?: number };
    result: null;
  };
  /** Path of the unix socket on which the console's bytes flow; one client at a time. */
  'domain.console': {
    params: DomainArg;
    result: { readonly path: string; readonly domid: number; readonly name: string };
  };
  /**
   * What the console said so far, also of a domain that crashed and is preserved: `bytes` in base64, before which `lost` bytes
   * are not kept any more; the first `shown` of them were read from the console's socket.
   */
  'domain.consoleLog': {
    params: DomainArg;
    result: {
      readonly domid: number;
      readonly name: string;
      readonly lost: number;
      readonly shown: number;
      readonly bytes: string;
    };
  };
  /** Hot add: returns when connected. `config` values are as typed; `directory` resolves relative paths. */
  'device.attach': {
    params: DomainArg & {
      readonly class: string;
      /** Of the module of a class of the user's own, absolute; it is read anew. Later the class is known by its name. */
      readonly path?: string;
      readonly config: Readonly<Record<string, string>>;
      readonly directory: string;
    };
    result: DeviceInfo;
  };
  /** Hot remove, by number or name; returns when both ends let go. `force` does not wait for the front end. */
  'device.detach': {
    params: DomainArg & { readonly class: string; readonly device: string; readonly force?: boolean };
    result: null;
  };
  /** Unloads one end of a class in a domain; returns when what was outstanding is done. Its devices wait. */
  'driver.unload': { params: DriverArg; result: null };
  /** Loads it again, a class of a user's own as its file is now; returns when its devices are connected. */
  'driver.load': { params: DriverArg; result: null };
  /** Of one class, or of all. */
  'device.list': {
    params: DomainArg & { readonly class?: string };
    result: { readonly devices: readonly DeviceInfo[]; readonly sxp: string };
  };
  /** All known classes with their fields, for help and completion, or one, or that which a module of the user's own holds. */
  'device.classes': {
    params: { readonly class?: string; readonly path?: string };
    result: readonly {
      readonly name: string;
      readonly aliases: readonly string[];
      readonly doc: string;
      /** Of the module of a class of a user's own. */
      readonly path?: string;
      readonly fields: readonly {
        readonly name: string;
        readonly doc: string;
        readonly required: boolean;
        readonly default?: string | number | boolean;
      }[];
    }[];
  };
  /** Everything that is known of a domain, or of one of its devices, by name (`xvda`) or `CLASS/NUMBER`; also as SXP. */
  inspect: {
    params: DomainArg & { readonly device?: string };
    result: { readonly inspection: DomainInspection | DeviceInspection; readonly sxp: string };
  };
  /** Endpoints of all domains; `silent` are domains that did not answer (they are paused, or busy). */
  'idc.list': {
    params: Record<string, never>;
    result: { readonly endpoints: readonly IdcEndpointInfo[]; readonly silent: readonly string[] };
  };
  /** Measures up to `count` round trips of `size` bytes from a domain's endpoint to its peer. */
  'idc.ping': {
    params: DomainArg & {
      readonly address: string;
      readonly count: number;
      readonly size: number;
      readonly polled?: boolean;
    };
    result: IdcPing;
  };
  /** Has a domain and its peers at an address disconnect and connect again; returns when they have. */
  'idc.cycle': {
    params: { readonly address: string };
    result: Pick<IdcPing, 'address' | 'domid' | 'domain' | 'time'> & {
      readonly peers: readonly { readonly domid: number; readonly name: string }[];
    };
  };
  /**
   * Opens Domain-0's end of a vchan to a domain, whose bytes flow on the unix socket `socket` once, for who connects soon. `left` and
   * `right`: least sizes of a server's rings, that which it reads and that which it writes. With `wait` the end is made when somebody
   * connects, and waits for the other one; first on the socket is then a byte, 1 when both ends are there, else 0 and why not.
   */
  'vchan.node': {
    params: DomainArg & {
      readonly role: 'client' | 'server';
      readonly path: string;
      readonly left?: number;
      readonly right?: number;
      readonly wait?: boolean;
    };
    result: { readonly socket: string; readonly path: string; readonly domid: number; readonly domain: string };
  };
  /**
   * Adds a rule about who may send Argo messages to whom; when it is answered nothing is sent by the rules from before. `from` and `to`
   * are `DOMAIN` or `DOMAIN:PORT`, and either may be `*`. `at` is its position, else it is behind the others.
   */
  'viptables.add': {
    params: { readonly from: string; readonly to: string; readonly accept: boolean; readonly at?: number };
    result: VipRule;
  };
  /** Deletes the rule at a position, and answers with it. */
  'viptables.del': { params: { readonly at: number }; result: VipRule };
  'viptables.list': { params: Record<string, never>; result: readonly VipRule[] };
  /** The virtual processors of domains, as `domain.list` lists these, and the processors that there are. */
  'vcpu.list': {
    params: { readonly names?: readonly string[] };
    result: { readonly vcpus: readonly VcpuInfo[]; readonly cpus: readonly number[] };
  };
  /** Binds a domain's thread to processors. Without `vcpu` all of its virtual ones are meant, without `cpus` all that there are. */
  'vcpu.pin': { params: DomainArg & { readonly vcpu?: number; readonly cpus?: readonly number[] }; result: null };
  /** Sets how many are online: one, since a domain is one thread. */
  'vcpu.set': { params: DomainArg & { readonly count: number }; result: null };
  /** Pools of threads: all by name, or those that are named. */
  'pool.list': { params: { readonly names?: readonly string[] }; result: readonly PoolInfo[] };
  /** Makes a pool: one that is active until it is destroyed, or, `kept`, one that is to be started and outlives xend. */
  'pool.create': {
    params: Pick<ConfigText, 'text' | 'file' | 'variables'> & { readonly kept?: boolean };
    result: PoolInfo;
  };
  'pool.start': { params: PoolArg; result: PoolInfo };
  /** Ends a pool that has no domains. */
  'pool.destroy': { params: PoolArg; result: null };
  /** Forgets a kept pool that is not active. */
  'pool.delete': { params: PoolArg; result: null };
  'pool.addThread': { params: PoolArg & { readonly number: number }; result: null };
  /** The thread must not have domains. */
  'pool.removeThread': { params: PoolArg & { readonly number: number }; result: null };
  /** Has a domain live in another pool; refused while it runs, since it cannot leave its thread. */
  'pool.migrate': { params: DomainArg & PoolArg; result: null };
  /** Lets each of some domains have virtual sockets to each other of them, over `transport` (`ring` unless said), until it ends. */
  'vsock.setup': {
    params: { readonly domains: readonly string[]; readonly transport?: 'ring' | 'argo' };
    result: { readonly pairs: readonly (readonly [string, string])[]; readonly transport: 'ring' | 'argo' };
  };
  /** Links of all domains, each end by itself; `silent` are domains that did not answer. */
  'vsock.list': {
    params: Record<string, never>;
    result: { readonly links: readonly VsockLinkInfo[]; readonly silent: readonly string[] };
  };
  /**
   * Domain-0 connects to a port of `domain`, or, without one, accepts one connection to its own port: the bytes flow on the unix socket
   * `socket` once, for who connects soon.
   */
  'vsock.node': {
    params: { readonly domain?: string; readonly port: number };
    result: { readonly socket: string };
  };
  /** Serves a unix socket of the host that leads to a port of a domain, as long as that is there. */
  'vsock.forward': {
    params: DomainArg & { readonly port: number; readonly path?: string };
    result: { readonly domid: number; readonly domain: string; readonly port: number; readonly path: string };
  };
  /** Parses and checks a configuration without using it; `xm validate` and `xm create -n`. */
  'config.check': { params: ConfigText; result: CheckResult };
  /** `xm info -c`: the settings of xend, by the keys of its configuration. */
  'node.config': { params: Record<string, never>; result: Readonly<Record<string, string | number>> };
  /** `xm info`: fields in the order of spec/xend.md 4.3. */
  'node.info': { params: Record<string, never>; result: Readonly<Record<string, string | number>> };
  /** The hypervisor's message ring; `clear` empties it afterwards. */
  'node.dmesg': { params: { readonly clear?: boolean }; result: { readonly text: string } };
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
  /** Ends of event channels, of all domains. */
  'channel.list': { params: Record<string, never>; result: readonly ChannelInfo[] };
  /** Grants of all domains, and who maps them. */
  'grant.list': { params: Record<string, never>; result: readonly DomainGrant[] };
  /** What is measured, for collectors; `openmetrics.ts` makes their text of it. */
  metrics: { params: Record<string, never>; result: { readonly families: readonly MetricFamily[] } };
  /** What should move and has not for some seconds; what may be the cause of others comes first. */
  stalls: { params: Record<string, never>; result: readonly Stall[] };
  'xend.status': { params: Record<string, never>; result: XendStatus };
  /** Destroys all domains and ends xend; the answer comes before the process is gone. */
  'xend.stop': { params: Record<string, never>; result: XendStatus };
}

export type XendMethod = keyof XendApi;

/** The methods of {@link XendApi}, each as a function. */
export type XendMethods = {
  readonly [M in XendMethod]: (params: XendApi[M]['params']) => Promise<XendApi[M]['result']>;
};
/** One end of a link, as its domain tells. */
export interface VsockLinkInfo {
  readonly domid: number;
  readonly domain: string;
  readonly peerId: number;
  readonly peer: string;
  readonly transport: string;
  /** `down`, `meeting`, `up` or `leaving`. */
  readonly state: string;
  readonly connections: number;
  /** Why it broke last; empty if it did not. */
  readonly problem: string;
}

/** What failed, as the command line prints it. */
export interface ApiError {
  readonly code: string;
  readonly message: string;
  readonly exit: number;
  readonly hint?: string;
}

/**
 * Beside the methods: `GET /log?lines=N&since=MS&level=LEVEL&domains=NAME` answers with what `log.read` does and then each new
 * record as it is written, newline-terminated, until the client closes. With `framed=yes` each is a JSON string in one line, a
 * line `null` is where the past ends, and `{"lost": N}` stands for what came faster than it was read. `GET /events?since=MS&filters=KEY=VALUE`
 * answers in the same frames with an event each, and without `since` begins with the present. `GET /version` answers with
 * {@link XendStatus}.
 *
 * The number changes when a client of the one before could misunderstand. Both ends say theirs in {@link PROTOCOL_HEADER}; a
 * request without it is taken for one of xend's own protocol.
 */
export const PROTOCOL = 1;

/** The header in which client and xend say their {@link PROTOCOL}. */
export const PROTOCOL_HEADER = 'xend-protocol';

/**
 * What a client of another protocol may call all the same: parameters and results of these only ever grow by optional
 * members. Everything else is refused (`EPROTOCOL`).
 */
export const STABLE_METHODS: readonly XendMethod[] = [
  'domain.list',
  'domain.all',
  'domain.destroy',
  'xend.status',
  'xend.stop',
];
