// SPDX-License-Identifier: Apache-2.0
import { DOMID_SELF, DOMID_XEN, type DomId, EVTCHN_STATUS, type EvtchnPort, HypercallError, VIRQ } from './contract.ts';
import {
  portBits,
  portCounters,
  portState,
  portsOf,
  resetPort,
  type SharedInfo,
  setArgoPort,
  setPending,
  setPortState,
} from './shared-info.ts';

interface Channel {
  status: number;
  /** Unbound: who may bind. Interdomain: who is bound. */
  remote: DomId;
  remotePort: EvtchnPort;
  virq: number;
}

/** Tells a domain's thread whom a port reaches from now on; `state` is the port's state word that this belongs to. */
export interface Binding {
  readonly port: EvtchnPort;
  readonly state: number;
  readonly remote: DomId;
  readonly remoteInfo: SharedInfo;
  readonly remotePort: EvtchnPort;
}

/** An event channel's end, for who observes it. */
export interface PortInfo {
  readonly port: EvtchnPort;
  /** A value of {@link EVTCHN_STATUS}. */
  readonly status: number;
  /** Unbound: who may bind. Interdomain: who is bound, and its port. */
  readonly remote: DomId;
  readonly remotePort: EvtchnPort;
  readonly virq: number;
  readonly pending: boolean;
  readonly masked: boolean;
  /** Events ever, modulo 2^32. */
  readonly sent: number;
  readonly received: number;
}

/** What the event channel operations know of a domain. */
export interface EvtchnDomain {
  readonly domid: DomId;
  readonly info: SharedInfo;
  readonly channels: Map<EvtchnPort, Channel>;
  /** Sends a binding to the domain's thread. */
  readonly bound: (binding: Binding) => void;
}

const GLOBAL_VIRQS: ReadonlySet<number> = new Set([VIRQ.domExc]);
/** Each domain has its own of these. */
const DOMAIN_VIRQS: ReadonlySet<number> = new Set([VIRQ.argo]);

function fail(code: string, message: string): never {
  throw new HypercallError(code, message);
}

/** The event channel operations of spec/primitives.md 6.1 over the domains that `find` knows. */
export function createEventChannels(find: (domid: DomId) => EvtchnDomain | undefined) {
  function freePort(domain: EvtchnDomain): EvtchnPort {
    const ports = portsOf(domain.info);
    for (let port = 1; port < ports; port++) if (!domain.channels.has(port)) return port;
    return fail('ENOSPC', `domain ${domain.domid} has ${ports - 1} event channels`);
  }

  function open(domain: EvtchnDomain, channel: Channel): EvtchnPort {
    const port = freePort(domain);
    resetPort(domain.info, port);
    domain.channels.set(port, channel);
    setPortState(domain.info, port, channel.status);
    return port;
  }

  function channelOf(domain: EvtchnDomain, port: EvtchnPort): Channel {
    return domain.channels.get(port) ?? fail('EINVAL', `domain ${domain.domid} has no event channel ${port}`);
  }

  function tie(near: EvtchnDomain, nearPort: EvtchnPort, far: EvtchnDomain, farPort: EvtchnPort): void {
    const channel = channelOf(near, nearPort);
    Object.assign(channel, { status: EVTCHN_STATUS.interdomain, remote: far.domid, remotePort: farPort });
    const state = setPortState(near.info, nearPort, EVTCHN_STATUS.interdomain);
    near.bound({ port: nearPort, state, remote: far.domid, remoteInfo: far.info, remotePort: farPort });
  }

  function allocUnbound(caller: EvtchnDomain, remote: DomId): EvtchnPort {
    const domid = remote === DOMID_SELF ? caller.domid : remote;
    return open(caller, { status: EVTCHN_STATUS.unbound, remote: domid, remotePort: 0, virq: 0 });
  }

  function bindInterdomain(caller: EvtchnDomain, remote: DomId, remotePort: EvtchnPort): EvtchnPort {
    const far = find(remote === DOMID_SELF ? caller.domid : remote) ?? fail('ESRCH', `no domain ${remote}`);
    const farChannel = channelOf(far, remotePort);
    if (farChannel.status !== EVTCHN_STATUS.unbound || farChannel.remote !== caller.domid) {
      fail('EINVAL', `event channel ${remotePort} of domain ${far.domid} is not open to domain ${caller.domid}`);
    }
    const port = open(caller, { status: EVTCHN_STATUS.unbound, remote: far.domid, remotePort: 0, virq: 0 });
    tie(caller, port, far, remotePort);
    tie(far, remotePort, caller, port);
    setPending(caller.info, port);
    return port;
  }

  function close(caller: EvtchnDomain, port: EvtchnPort): void {
    const channel = channelOf(caller, port);
    caller.channels.delete(port);
    if (channel.status === EVTCHN_STATUS.virq && channel.virq === VIRQ.argo) setArgoPort(caller.info, 0);
    setPortState(caller.info, port, EVTCHN_STATUS.closed);
    resetPort(caller.info, port);
    if (channel.status !== EVTCHN_STATUS.interdomain) return;
    const far = find(channel.remote);
    const farChannel = far?.channels.get(channel.remotePort);
    if (far === undefined || farChannel === undefined) return;
    Object.assign(farChannel, { status: EVTCHN_STATUS.unbound, remote: caller.domid, remotePort: 0 });
    setPortState(far.info, channel.remotePort, EVTCHN_STATUS.unbound);
  }

  return {
    allocUnbound,
    bindInterdomain,
    /** The control domain's operation: an event channel between two others. */
    bindPair(near: EvtchnDomain, far: EvtchnDomain): { readonly near: EvtchnPort; readonly far: EvtchnPort } {
      const farPort = allocUnbound(far, near.domid);
      try {
        return { near: bindInterdomain(near, far.domid, farPort), far: farPort };
      } catch (error) {
        close(far, farPort);
        throw error;
      }
    },
    bindVirq(caller: EvtchnDomain, virq: number): EvtchnPort {
      const global = GLOBAL_VIRQS.has(virq);
      if (!global && !DOMAIN_VIRQS.has(virq)) fail('EINVAL', `no virtual interrupt ${virq}`);
      if (global && caller.domid !== 0) fail('EBUSY', `virtual interrupt ${virq} belongs to domain 0`);
      for (const channel of caller.channels.values()) {
        if (channel.status === EVTCHN_STATUS.virq && channel.virq === virq) fail('EEXIST', `virq ${virq} is bound`);
      }
      const port = open(caller, { status: EVTCHN_STATUS.virq, remote: 0, remotePort: 0, virq });
      if (virq === VIRQ.argo) setArgoPort(caller.info, port);
      return port;
    },
    /** An event channel whose other end is `info`, a page of Xen's own, port `remotePort`. */
    bindXen(domain: EvtchnDomain, info: SharedInfo, remotePort: EvtchnPort): Omit<Binding, 'remote'> {
      const { interdomain } = EVTCHN_STATUS;
      const port = open(domain, { status: interdomain, remote: DOMID_XEN, remotePort, virq: 0 });
      const state = portState(domain.info, port);
      const binding: Binding = { port, state, remote: DOMID_XEN, remoteInfo: info, remotePort };
      domain.bound(binding);
      return binding;
    },
    close,
    status(caller: EvtchnDomain, port: EvtchnPort) {
      const channel = caller.channels.get(port);
      if (channel === undefined) return { status: EVTCHN_STATUS.closed };
      if (channel.status === EVTCHN_STATUS.interdomain) {
        return { status: channel.status, remote: channel.remote, remotePort: channel.remotePort };
      }
      return channel.status === EVTCHN_STATUS.unbound
        ? { status: channel.status, remote: channel.remote }
        : { status: channel.status };
    },
    /** Raises a global virtual interrupt in its handler domain. */
    raiseVirq(handler: EvtchnDomain, virq: number): void {
      for (const [port, channel] of handler.channels) {
        if (channel.status === EVTCHN_STATUS.virq && channel.virq === virq) setPending(handler.info, port);
      }
    },
    /** One end of the domain, or undefined when it has no such port. */
    inspect({ channels, info }: EvtchnDomain, port: EvtchnPort): PortInfo | undefined {
      const channel = channels.get(port);
      return channel && { port, ...channel, ...portBits(info, port), ...portCounters(info, port) };
    },
    release(domain: EvtchnDomain): void {
      for (const port of [...domain.channels.keys()]) close(domain, port);
    },
  };
}

export type EventChannels = ReturnType<typeof createEventChannels>;
