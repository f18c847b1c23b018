// SPDX-License-Identifier: Apache-2.0
import type { DomainArg } from './contract-domains.ts';

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

/** Ways between domains: endpoints, vchans, Argo, sockets. */
export interface ChannelApi {
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
}
