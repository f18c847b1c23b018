// SPDX-License-Identifier: Apache-2.0
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import type { Port } from '../port.ts';
import type { TraceMemory } from '../trace/memory.ts';
import { type ArgoDomain, type ArgoOptions, type ArgoRingInfo, createArgo, createArgoTable } from './argo.ts';
import type { ArgoRuleTable } from './argo-contract.ts';
import { contentsOf, type DomainContents } from './contents.ts';
import {
  type DomId,
  type EvtchnPort,
  type Extent,
  type FrameUsage,
  type GrantRef,
  PAGE_SIZE,
  VIRQ,
} from './contract.ts';
import { createEventChannels, type EvtchnDomain, type PortInfo } from './evtchn.ts';
import { createFrames, type FrameDomain } from './frames.ts';
import { serveHypercalls } from './gate.ts';
import {
  createGrantDomain,
  createGrantTables,
  type GrantDomain,
  type GrantInfo,
  MAX_MAPPINGS,
  MAX_SERVING_MAPPINGS,
} from './grants.ts';
import { createLending, type LendingDomain } from './lending.ts';
import type { LendingDoor } from './lending-messages.ts';
import { usedEntries } from './lending-table.ts';
import { createDomainMemory } from './memory.ts';
import { createMessageRing } from './message-ring.ts';
import { openService, type ServiceChannel } from './service.ts';
import {
  createSharedInfo,
  isSleeping,
  isWaiting,
  MAX_PORTS,
  MAX_SERVING_PORTS,
  type PendingPort,
  pendingPorts,
  portCounters,
  type Seat,
  type SharedInfo,
  setPaused,
} from './shared-info.ts';
import { createTracing, type TracedDomain, type Tracing } from './tracing.ts';

/** What a domain holds, for accounting and for leak tests. */
export interface DomainUsage {
  readonly extents: number;
  readonly pages: number;
  readonly quotaPages: number;
  readonly ports: number;
  readonly grants: number;
  readonly mappings: number;
  /** Argo rings. */
  readonly rings: number;
  /** Registrations of lent memory, also those whose fence is not complete. */
  readonly lent: number;
}

/** What a domain needs to make hypercalls, beside its line to us. */
export interface DomainMemory {
  readonly domid: DomId;
  readonly info: SharedInfo;
  readonly lending: LendingDoor;
  /** Where it records what happens from its first moment on. */
  readonly trace: TraceMemory | undefined;
}

/** That and the line; hand it over with `port` in the transfer list. */
export interface DomainDoor extends DomainMemory {
  readonly port: MessagePort;
}

interface HvDomain extends GrantDomain, EvtchnDomain, ArgoDomain, LendingDomain, FrameDomain, TracedDomain {
  readonly close: () => void;
}

/** What a domain is allowed. */
export interface DomainOptions {
  /** False for a domain that may not use Argo. */
  readonly argo?: boolean;
  /** It serves many others: more ports and mappings. */
  readonly serves?: boolean;
  /** For people; else its number. */
  readonly name?: string;
  /** False for a domain in a thread that lives on without it; always so for one that has a seat in it. */
  readonly ownThread?: boolean;
}

/** Boot options. */
export interface HypervisorOptions {
  /** Bytes that all hidden pages of the machine can have; the system's memory unless said. Addresses are reserved for all of them. */
  readonly memory?: number;
  /** Argo, here on and open to rings for every domain unless said otherwise. */
  readonly argo?: Partial<ArgoOptions>;
}

/** The authority over domains, pages, grants, event channels, Argo and lent memory. It lives on xend's main thread and is never on a data path. */
export interface Hypervisor {
  /** @param quotaPages pages the domain may have in extents, rings and pools */
  createDomain(domid: DomId, quotaPages: number, options?: DomainOptions): DomainDoor;
  /**
   * The same in a thread that it shares with others.
   *
   * @param port our end of the line to it
   */
  createSeatedDomain(domid: DomId, quotaPages: number, seat: Seat, port: Port, options?: DomainOptions): DomainMemory;
  /**
   * Undoes everything a domain held: ports, mappings, grants, extents, rings, what it lent. The domain's thread must have ended. Raises
   * VIRQ_DOM_EXC in domain 0.
   */
  destroyDomain(domid: DomId): void;
  /**
   * Undoes the mappings of a domain whose thread has ended, so that those who lent it memory have it back before all else goes;
   * what it was sending, touching or moving, so that nobody waits for it; and its event channels, so that nobody waits for an event.
   */
  unmapAll(domid: DomId): void;
  /**
   * Changes how many pages a domain may have.
   *
   * @returns false, and changes nothing, when it has more
   */
  setQuota(domid: DomId, pages: number): boolean;
  pause(domid: DomId): void;
  unpause(domid: DomId): void;
  /** An event channel between two domains, as the control domain binds it. */
  bindPair(near: DomId, far: DomId): { readonly near: EvtchnPort; readonly far: EvtchnPort };
  closePort(domid: DomId, port: EvtchnPort): void;
  /** An event channel of the domain to this thread; see `service.ts`. */
  openService(domid: DomId, onEvent: () => void): ServiceChannel;
  /** A page of the domain, granted under a reserved reference (`RESERVED_GREF`) as the domain's builder does. */
  grantReserved(domid: DomId, gref: GrantRef, grantee: DomId): Extent;
  /** The buffer behind a grant, for accounting and statistics; undefined when there is none. */
  peek(granter: DomId, gref: number): SharedArrayBuffer | undefined;
  counters(domid: DomId, port: EvtchnPort): { readonly sent: number; readonly received: number };
  /** An event channel's end; undefined when there is none. */
  inspectPort(domid: DomId, port: EvtchnPort): PortInfo | undefined;
  /** Events that a domain has not taken yet; none of a domain that is not there. */
  pendingPorts(domid: DomId): readonly PendingPort[];
  /** Whether the domain blocks its thread for an event. */
  isWaiting(domid: DomId): boolean;
  /** All of a domain; none of one that is not there. */
  inspectPorts(domid: DomId): readonly PortInfo[];
  /** What a domain granted. */
  inspectGrants(domid: DomId): readonly GrantInfo[];
  /** Argo's rings that a domain receives in. */
  inspectArgo(domid: DomId): readonly ArgoRingInfo[];
  /** Whether the domain's loop waits for events. */
  isBlocked(domid: DomId): boolean;
  usage(domid: DomId): DomainUsage | undefined;
  /** All that the domain has now, for who looks into it; undefined when there is no such domain. */
  contents(domid: DomId): DomainContents | undefined;
  /** Hidden pages of the machine, and what sharing them saves. */
  frameUsage(): FrameUsage;
  /** Recounts the references to all hidden pages; nobody may be moving any. @returns what is wrong, in words */
  checkFrames(): readonly string[];
  domids(): readonly DomId[];
  /** Who may send Argo messages to whom. */
  readonly viptables: ArgoRuleTable;
  /** Records of what happens in domains. */
  readonly tracing: Tracing;
  /** Appends to the message ring that `xm dmesg` shows. */
  printk(text: string): void;
  dmesg(clear: boolean): string;
}

export function createHypervisor(options: HypervisorOptions = {}): Hypervisor {
  const domains = new Map<DomId, HvDomain>();
  const find = (domid: DomId): HvDomain | undefined => domains.get(domid);
  const grants = createGrantTables(find);
  const events = createEventChannels(find);
  const argo = createArgo(domains, { enabled: true, macPermissive: true, ...options.argo });
  const frames = createFrames(options.memory);
  const lending = createLending(domains, frames);
  const messages = createMessageRing();
  const tracing = createTracing(domains);

  function known(domid: DomId): HvDomain {
    const domain = find(domid);
    if (domain === undefined) throw new Error(`no domain ${domid}`);
    return domain;
  }

  function add(
    domid: DomId,
    quotaPages: number,
    seat: Seat | undefined,
    near: Port,
    {
      argo: hasArgo = true,
      serves = false,
      ownThread = seat === undefined,
      name = `domain ${domid}`,
    }: DomainOptions = {},
  ): DomainMemory {
    if (domains.has(domid)) throw new Error(`domain ${domid} exists`);
    const info = createSharedInfo(serves ? MAX_SERVING_PORTS : MAX_PORTS, seat);
    const memory = createDomainMemory(quotaPages);
    const domain: HvDomain = {
      ...createGrantDomain(domid, memory, serves ? MAX_SERVING_MAPPINGS : MAX_MAPPINGS),
      info,
      ownThread,
      channels: new Map(),
      bound: (binding) => near.postMessage({ bound: binding }),
      argo: hasArgo ? createArgoTable() : undefined,
      tellArgo: (news) => near.postMessage({ argo: news }),
      lending: lending.begin(),
      tellLending: (news) => near.postMessage({ lending: news }),
      name,
      tellTrace: (memory) => near.postMessage({ trace: memory }),
      close: () => near.close(),
    };
    domains.set(domid, domain);
    serveHypercalls(near, domain, grants, events, argo, lending, frames);
    argo.arrived();
    messages.print(`domain ${domid} created, ${(quotaPages * PAGE_SIZE) >> 20} MB of pages`);
    return { domid, info, lending: domain.lending, trace: tracing.begin(domain) };
  }

  return {
    createDomain(domid, quotaPages, options) {
      const { port1, port2 } = new MessageChannel();
      return { ...add(domid, quotaPages, undefined, port1, options), port: port2 };
    },
    createSeatedDomain: add,
    destroyDomain(domid) {
      const domain = known(domid);
      argo.release(domain);
      lending.release(domain);
      frames.release(domid);
      events.release(domain);
      grants.release(domain);
      domain.close();
      tracing.end(domid);
      domains.delete(domid);
      messages.print(`domain ${domid} destroyed`);
      const control = find(0);
      if (control !== undefined) events.raiseVirq(control, VIRQ.domExc);
    },
    unmapAll(domid) {
      const domain = known(domid);
      grants.unmapAll(domain);
      argo.settle(domain);
      events.release(domain);
      lending.settle(domain);
      frames.settle(domid);
    },
    setQuota: (domid, pages) => known(domid).memory.setQuota(pages),
    pause: (domid) => setPaused(known(domid).info, true),
    unpause: (domid) => setPaused(known(domid).info, false),
    bindPair: (near, far) => events.bindPair(known(near), known(far)),
    closePort(domid, port) {
      const domain = find(domid);
      if (domain?.channels.has(port)) events.close(domain, port);
    },
    openService: (domid, onEvent) => openService(events, known(domid), onEvent),
    grantReserved(domid, gref, grantee) {
      const domain = known(domid);
      const extent = domain.memory.alloc(0);
      grants.grantReserved(domain, gref, grantee, extent);
      return extent;
    },
    peek: (granter, gref) => find(granter)?.grants.get(gref)?.extent?.buffer,
    counters: (domid, port) => portCounters(known(domid).info, port),
    inspectPort(domid, port) {
      const domain = find(domid);
      return domain && events.inspect(domain, port);
    },
    pendingPorts(domid) {
      const domain = find(domid);
      return domain === undefined ? [] : pendingPorts(domain.info);
    },
    isWaiting(domid) {
      const domain = find(domid);
      return domain !== undefined && isWaiting(domain.info);
    },
    inspectPorts(domid) {
      const domain = find(domid);
      return domain === undefined ? [] : [...domain.channels.keys()].map((port) => events.inspect(domain, port)!);
    },
    inspectGrants(domid) {
      const domain = find(domid);
      return domain === undefined ? [] : grants.inspect(domain);
    },
    inspectArgo(domid) {
      const domain = find(domid);
      return domain === undefined ? [] : argo.inspect(domain);
    },
    isBlocked: (domid) => isSleeping(known(domid).info),
    usage(domid) {
      const domain = find(domid);
      return domain === undefined
        ? undefined
        : {
            extents: domain.memory.count(),
            pages: domain.memory.usedPages(),
            quotaPages: domain.memory.quotaPages,
            ports: domain.channels.size,
            grants: domain.grants.size,
            mappings: domain.mappings.size,
            rings: domain.argo?.rings.size ?? 0,
            lent: usedEntries(domain.lending.table).length,
          };
    },
    tracing,
    contents(domid) {
      const domain = find(domid);
      return domain && contentsOf(domain);
    },
    frameUsage: frames.usage,
    checkFrames: frames.check,
    viptables: argo.viptables,
    domids: () => [...domains.keys()],
    printk: messages.print,
    dmesg: messages.read,
  };
}
