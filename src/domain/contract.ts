// SPDX-License-Identifier: Apache-2.0
import type { DomainArgo } from '../argo/contract.ts';
import type { DeviceConfig } from '../devices/contract.ts';
import type { DomId, EvtchnPort, GrantRef, Hypercalls } from '../hv/contract.ts';
import type { Endpoint } from '../idc/contract.ts';
import type { RemoteBuffers } from '../idc/remote-contract.ts';
import type { Listener, ListenOptions, RendezvousOptions } from '../idc/rendezvous.ts';
import type { Guest } from '../idc/rendezvous-listen.ts';
import type { Vchans } from '../vchan/contract.ts';
import type { Vsocks } from '../vsock/contract.ts';
import type { XenstoreClient } from '../xenstore/port.ts';
import type { NamedArgs } from './args.ts';
import type { StorePage } from './store-page.ts';

/** Why a domain ends, beside a crash. */
export type ShutdownReason = 'poweroff' | 'reboot' | 'halt';

/** The domain's console, a stream of bytes both ways. */
export interface DomainConsole {
  /** Writes text or bytes. Never blocks the domain: what the ring cannot take waits, and beyond 256 KiB the oldest is dropped. */
  write(data: string | Uint8Array): void;
  /** Calls `listener` with what is typed, until given undefined; what came before is kept and delivered first. */
  onData(listener: ((data: Uint8Array) => void) | undefined): void;
  /** Resolves when everything written has been taken by the back end, or the back end is gone. */
  drained(): Promise<void>;
}

/** A front-end device as a kernel sees it. */
export interface DomainDevice {
  readonly class: string;
  /** A word for people, e.g. `xvda`. */
  readonly name: string;
  readonly devid: number;
  readonly config: DeviceConfig;
  readonly connected: boolean;
  /** What the class's front end offers, e.g. a `BlockDevice`. */
  readonly driver: unknown;
}

/** The devices of a domain; they come and go while it runs. */
export interface DomainDevices {
  /** All, by class and number. */
  list(): readonly DomainDevice[];
  /** By name or number, with or without a leading `/dev/`. */
  find(name: string): DomainDevice | undefined;
  /** Calls `listener` when a device connects, disconnects or goes; returns the end of it. */
  onChange(listener: (device: DomainDevice, change: 'connected' | 'disconnected' | 'closed') => void): () => void;
}

/** A digest that is fed piece by piece. */
export interface Digest {
  update(bytes: Uint8Array): void;
  /** @returns the digest in lower-case hex */
  hex(): string;
}

/** The IDC API as a domain has it. */
export interface DomainIdc {
  /** Memory of this domain to lend, and memory of others by the references that one was given. */
  readonly buffers: RemoteBuffers;
  /**
   * An endpoint that finds its peer by itself: whoever else made one for the same address, in another domain or in this one.
   * Connects when there is a peer, whoever came first, and again each time the peer was away; two ends are a pair, a third
   * one waits. Everything that its quotas promise is reserved before this returns, for this endpoint alone.
   *
   * @param address one of those that the configuration gives with `(idc ADDRESS)`. It may come straight from
   * {@link Domain.args}: a missing one is an error that says so
   * @throws XmError `ENOADDRESS` for an address that is missing or not given
   */
  endpoint(address: string | undefined, options?: RendezvousOptions): Endpoint;
  /**
   * Serves everybody who makes an endpoint for the address, each with one that `guest.accept(handlers)` makes for him alone.
   *
   * @throws XmError `ENOADDRESS` as above
   */
  listen(address: string | undefined, onGuest: (guest: Guest) => void, options?: ListenOptions): Listener;
}

/** How a kernel takes part in being saved; see {@link Domain.onSave}. */
export interface SaveHooks {
  /**
   * Called when the domain is to be saved, with all devices connected. Brings the kernel to rest and gives its state: anything
   * that can be cloned (plain objects, `Map`, `Set`, typed arrays ...; no functions, no shared memory), 64 MiB at most. After
   * that the kernel does nothing that its state does not know of, until `resume` is called or the domain ends: its devices are
   * disconnected meanwhile, as soon as what it asked of them is done, and hold back what is asked of them later. A rejection,
   * or no answer in time, means that the domain is not saved.
   */
  save(): unknown;
  /**
   * The domain goes on: after a checkpoint, or because it was not saved. Its devices are connected again. What `save` has not
   * given by then nobody waits for.
   */
  resume?(): void;
}

/** What somebody sends from outside to a kernel that may be in trouble: `xm sysrq` with its letter, `xm trigger nmi`. */
export type Interrupt = { readonly kind: 'sysrq'; readonly letter: string } | { readonly kind: 'nmi' };

/** What a kernel is given: its whole world. */
export interface Domain {
  readonly domid: DomId;
  readonly name: string;
  /** The named words of `(args ...)`: `(args 'address=pair rounds=5')` gives `args.address`, `args.rounds`. */
  readonly args: NamedArgs;
  /** The whole text of `(args ...)`. */
  readonly commandLine: string;
  readonly console: DomainConsole;
  readonly devices: DomainDevices;
  readonly xenstore: XenstoreClient;
  /**
   * The same store as bytes in shared memory, for kernels that bring a client of their own. Absent for domains that share a thread.
   */
  readonly storePage: StorePage | undefined;
  readonly hypercalls: Hypercalls;
  readonly idc: DomainIdc;
  /** Channels of bytes, in the form of libxenvchan. */
  readonly vchan: Vchans;
  /** Virtual sockets: streams to other domains, of the form of `node:net`. */
  readonly vsock: Vsocks;
  /** Messages that the hypervisor copies, and datagrams and streams made of them, as Argo and V4V have them. */
  readonly argo: DomainArgo;
  /** Aborts when xend asks the domain to end; `reason` is a {@link ShutdownReason}. The kernel then returns soon. */
  readonly signal: AbortSignal;
  /** What {@link SaveHooks.save} gave when this domain was saved; undefined for one that starts afresh. */
  readonly restored: unknown;
  /**
   * Offers the kernel's state to `xm save`: the domain can be ended and begin again with what it had, as {@link restored}, with the
   * same devices. A kernel offers it in its first step, or a domain that has just started cannot be saved yet. Endpoints and
   * channels are not kept: who had them sees the domain go, and the kernel makes them again.
   *
   * @param hooks undefined ends the offer
   */
  onSave(hooks: SaveHooks | undefined): void;
  /** Calls `listener` for each {@link Interrupt}, until given undefined; without one they are refused to who sends them. */
  onInterrupt(listener: ((interrupt: Interrupt) => void) | undefined): void;
  /** A running digest, e.g. `md5` or `sha256`; undefined for an unknown algorithm. */
  digest(algorithm: string): Digest | undefined;
}

/** A kernel: what a domain runs, called when the domain starts; its module is loaded before. Returning ends the domain, for the {@link ShutdownReason} it returns or else `poweroff`; throwing is a crash. */
export type Kernel = (domain: Domain) => Promise<unknown> | unknown;

/** What a class's front module gets for each of its devices. */
export interface FrontContext {
  readonly class: string;
  /** Number of the device, which is also the handle in control messages. */
  readonly handle: number;
  readonly name: string;
  readonly config: DeviceConfig;
  readonly hypercalls: Hypercalls;
  /** The domain's remote buffers. */
  readonly buffers: RemoteBuffers;
  /** Tells the device manager that the connection is unusable: it disconnects and connects anew. */
  readonly broken: (reason: string) => void;
  /** Aborts when nobody waits for this front end any more: it threw, or did not let go. */
  readonly signal: AbortSignal;
}

/**
 * One front end, driven by INTERFACE_STATUS (spec/xend.md 3.5): `offer`, `connected`, then `disconnected`, any number of
 * times, then `closed`. Each step may take its time; the next waits for it.
 */
export interface FrontInterface {
  /**
   * DISCONNECTED: makes fresh shared memory and grants it to the back end.
   *
   * @param backendId the back end's domain, which may be another one each time
   * @returns the frames for INTERFACE_CONNECT
   */
  offer(backendId: DomId): Promise<readonly GrantRef[]>;
  /** CONNECTED: the back end has mapped the frames and bound the port. */
  connected(port: EvtchnPort): Promise<void> | void;
  /**
   * The back end has let go (or is dead): ends everything outstanding, takes the frames back. Also after a failed `offer`, and
   * while `connected` has not returned: that has to fail then.
   */
  disconnected(): Promise<void>;
  /** CHANGED: the back end's configuration is another now. */
  changed?(config: DeviceConfig): void;
  /** CLOSED: there will be no connection any more. What waits for one ends. */
  closed?(): void;
  /** What kernels get as `device.driver`. */
  readonly driver: unknown;
}

/** The default export of a front module. */
export type FrontFactory = (context: FrontContext) => FrontInterface;

/** What a class's back module gets for each device it serves. */
export interface BackContext {
  readonly class: string;
  /** The front end's domain. */
  readonly domid: DomId;
  readonly domainName: string;
  readonly handle: number;
  readonly name: string;
  readonly config: DeviceConfig;
  readonly hypercalls: Hypercalls;
  /** The domain's remote buffers. */
  readonly buffers: RemoteBuffers;
  /** One 64-bit float for each of the class's counters, in shared memory; only this back end writes them. */
  readonly counters: Float64Array;
  /** As many bytes of shared memory as the class wants for a record that outlives the device; none unless it does. */
  readonly record: SharedArrayBuffer;
  /** Where sockets of this supervisor go. */
  readonly runDir: string;
  /** Tells xend that the front end broke the protocol: it is disconnected. */
  readonly broken: (reason: string) => void;
  /** Aborts when nobody waits for this back end any more: it threw, or did not answer. It lets go of the front end's memory. */
  readonly signal: AbortSignal;
}

/** One back end, driven by the BE messages of spec/xend.md 3.5. */
export interface BackInterface {
  /** DEVICE_CREATE: opens what the device stands for. Rejects with an `XmError` that names what is wrong. */
  open(): Promise<void>;
  /** CONNECT: maps the frames, binds the port, serves. */
  connect(frames: readonly GrantRef[], port: EvtchnPort): Promise<void>;
  /** DISCONNECT: resolves when no request is in progress and everything is unmapped. Also without a connection. */
  disconnect(): Promise<void>;
  /** DEVICE_DESTROY: closes what `open` opened. */
  close(): Promise<void>;
}

/** The default export of a back module. */
export type BackFactory = (context: BackContext) => BackInterface;
