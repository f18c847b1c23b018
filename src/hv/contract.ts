// SPDX-License-Identifier: Apache-2.0
import type { Recorder } from '../trace/recorder.ts';
import type { Argo } from './argo-contract.ts';
import type { Lending } from './lending-contract.ts';

/** A number that stands for one kind of thing; other kinds cannot be passed for it by mistake. */
type Kind<Name extends string> = number & { readonly kind?: Name };

/** Number of a domain; 0 is the control domain, at most 32751, never reused while xend runs. */
export type DomId = Kind<'domid'>;
/** Number of an event channel's end within its domain; 0 is never valid. */
export type EvtchnPort = Kind<'evtchn'>;
/** Index into the granting domain's table; 0 to 7 are reserved. */
export type GrantRef = Kind<'gref'>;

/** Bytes of a page. Extents are `2^order` pages. */
export const PAGE_SIZE = 4096;
/** Largest extent: 2^12 pages are 16 MiB. */
export const MAX_ORDER = 12;
/** The smallest order whose extent holds `bytes`. */
export function orderFor(bytes: number): number {
  return Math.max(0, Math.ceil(Math.log2(bytes / PAGE_SIZE)));
}
/** Domid that stands for the caller itself. */
export const DOMID_SELF: DomId = 0x7ff0;

/** Xen itself, where the other end of an event channel is no domain. */
export const DOMID_XEN: DomId = 0x7ff2;
/** Grant references that a domain's builder fills. */
export const RESERVED_GREF = { console: 0, xenstore: 1 } as const;

/** Grant table statuses (spec/primitives.md 6.2). */
export const GNTST = {
  okay: 0,
  generalError: -1,
  badDomain: -2,
  badGntref: -3,
  badHandle: -4,
  permissionDenied: -8,
  badPage: -9,
  badCopyArg: -10,
  noSpace: -13,
} as const;

/** Virtual interrupts that exist here (spec/primitives.md 6.1). */
export const VIRQ = { domExc: 3, argo: 11 } as const;

/** What an event channel's end is (spec/primitives.md 6.1). */
export const EVTCHN_STATUS = { closed: 0, unbound: 1, interdomain: 2, virq: 4 } as const;

/** Memory of a domain: zeroed when handed out, one shared buffer of its own, so that granting it hands over nothing beside it. */
export interface Extent {
  /** Identity within the owning domain. */
  readonly id: number;
  /** The extent has `2^order` pages. */
  readonly order: number;
  readonly buffer: SharedArrayBuffer;
}

/** Another domain's extent, mapped. A mapping ends with `unmap` or with the mapping domain. */
export interface Mapping {
  readonly handle: number;
  readonly buffer: SharedArrayBuffer;
}

declare const HIDDEN: unique symbol;

/** Names hidden pages in a row. Nothing of them can be reached from here, but by those who copy for a client. */
export interface FrameVector {
  /** Pages that it has room for; one that was never written reads as zeros. */
  readonly pages: number;
  readonly [HIDDEN]?: never;
}

/** What can be said of a hidden page without showing it. */
export interface FrameInfo {
  /** Who names the same id shares the page. */
  readonly id: number;
  /** 1: nobody shares it. */
  readonly references: number;
}

/** What sharing pages saves. */
export interface FrameUsage {
  /** Pages that hold something. */
  readonly pages: number;
  /** References to them. */
  readonly references: number;
  /** Pages with more than one reference. */
  readonly shared: number;
  /** Pages that would be needed in addition if none were shared. */
  readonly saved: number;
}

/**
 * An account of hidden pages. A vector counts for all pages that it has room for, shared or not: no later write fails for
 * want of one. It ends with its domain.
 */
export interface FramePool {
  /** The quota. */
  readonly pages: number;
  /** Pages of its vectors. */
  readonly used: number;
  /** Pages of zeros, or undefined beyond the quota. */
  alloc(pages: number): FrameVector | undefined;
  /**
   * At most 64 pages for the operating system to work with, beside the quota. Undefined when too many such transfers run, and
   * always in a domain that may end before its thread does: the operating system would go on with what is another's by then.
   */
  transit(pages: number): FrameVector | undefined;
  /**
   * Gives back the pages of a vector of this pool.
   *
   * @throws HypercallError `EINVAL`, or `EBUSY` while some of them are lent
   * @throws XmError `EBADF` when they are gone
   */
  free(vector: FrameVector): void;
}

/** One end of a grant copy: an extent of the caller's own, or a grant of another domain. Offsets and lengths in bytes. */
export type CopyEnd =
  | { readonly extent: number; readonly offset: number }
  | { readonly domid: DomId; readonly gref: GrantRef; readonly offset: number };

/**
 * The only way out of a domain: one object per domain, handed in at boot. Control operations are answered by the
 * hypervisor's thread and reject with a {@link HypercallError}; `notify`, `mask` and `unmask` are shared-memory operations
 * that involve no other thread than the two ends'.
 */
export interface Hypercalls {
  readonly domid: DomId;
  readonly memory: {
    /** Takes `2^order` pages from the domain's quota; rejects with `ENOMEM` beyond it. */
    alloc(order: number): Promise<Extent>;
    /** Gives them back; rejects with `EBUSY` while a grant of it exists or some of it is lent. */
    free(extent: Extent): Promise<void>;
    /** Pages of the quota that are left. */
    left(): Promise<number>;
  };
  readonly frames: {
    /** Makes a pool of hidden pages, which count for the domain's quota as those of extents do; rejects with `ENOMEM` beyond it. */
    pool(pages: number): Promise<FramePool>;
  };
  readonly gnttab: {
    /** Lets `domid` map or copy this extent. */
    grantAccess(domid: DomId, extent: Extent, options?: { readonly readonly?: boolean }): Promise<GrantRef>;
    /**
     * Withdraws a grant or an offer; says `busy`, and changes nothing, while it is mapped or something that arrived for it
     * has not been taken: query and end are one step (XSA-396).
     */
    endAccess(gref: GrantRef): Promise<'ended' | 'busy'>;
    /**
     * Maps a grant. JavaScript cannot take a mapped buffer back: map is for peers who may be trusted to let go.
     */
    map(domid: DomId, gref: GrantRef, options?: { readonly readonly?: boolean }): Promise<Mapping>;
    unmap(mapping: Mapping): Promise<void>;
    /** Has the hypervisor copy `length` bytes; this is revocable, as the granter's buffer is never handed out. */
    copy(source: CopyEnd, target: CopyEnd, length: number): Promise<void>;
    /** Offers to receive an extent from `domid`. */
    acceptTransfer(domid: DomId): Promise<GrantRef>;
    /** Moves an extent to a domain that offered `gref`: afterwards this domain does not own it, and its view is a dead copy. */
    transfer(domid: DomId, gref: GrantRef, extent: Extent): Promise<void>;
    /** The extent that arrived for an offer, or undefined so far. */
    completeTransfer(gref: GrantRef): Promise<Extent | undefined>;
  };
  readonly evtchn: {
    /** A port that `remote` may bind to. */
    allocUnbound(remote: DomId): Promise<EvtchnPort>;
    /** Binds to a port that the remote domain allocated for us; our new port is pending at once, as earlier sends may be lost. */
    bindInterdomain(remote: DomId, remotePort: EvtchnPort): Promise<EvtchnPort>;
    /** A port on which a virtual interrupt arrives. Global ones only for domain 0; VIRQ_ARGO is each domain's own. */
    bindVirq(virq: number): Promise<EvtchnPort>;
    /** The other end becomes unbound and gets no event. */
    close(port: EvtchnPort): Promise<void>;
    status(
      port: EvtchnPort,
    ): Promise<{ readonly status: number; readonly remote?: DomId; readonly remotePort?: EvtchnPort }>;
    /** Raises the other end's pending bit and wakes it if it sleeps; silently nothing when nobody is bound (yet). */
    notify(port: EvtchnPort): void;
    /** Holds events back; they stay pending. */
    mask(port: EvtchnPort): void;
    /** Lets events through again and raises one that became pending meanwhile. */
    unmask(port: EvtchnPort): void;
    /**
     * Runs `handler` for the events of `port` (they coalesce), until given `undefined`. It runs at least once soon, as events
     * may have come before.
     */
    listen(port: EvtchnPort, handler: (() => void) | undefined): void;
    /** Drains pending events now, for code that may not yield. @returns whether any handler ran */
    poll(): boolean;
    /** Whether another end is bound to `port` now; seen without yielding as soon as it closes or its domain ends. */
    isBound(port: EvtchnPort): boolean;
    /**
     * Blocks the thread for an event of `port`, masked or not: until there is one, which it takes, or the port is closed or
     * its other end gone, or `timeout` milliseconds have passed. Handlers do not run, but that of the other end if it is the domain's own.
     *
     * @returns whether there was an event
     */
    wait(port: EvtchnPort, timeout: number): boolean;
  };
  /** Messages that the hypervisor copies, for peers that do not trust each other. */
  readonly argo: Argo;
  /** Memory for whoever holds a reference to it, until it is taken back. */
  readonly lending: Lending;
  /** Where what happens in this domain is recorded, while xend wants to know. */
  readonly trace: Recorder;
}

/** A hypercall was refused. `code` is an errno name, or `GNTST` for grant operations, where `status` says which. */
export class HypercallError extends Error {
  readonly code: string;
  readonly status: number;

  constructor(code: string, message: string, status = -1) {
    super(message);
    this.name = 'HypercallError';
    this.code = code;
    this.status = status;
  }
}
