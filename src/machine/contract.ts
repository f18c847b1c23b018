// SPDX-License-Identifier: Apache-2.0
import type { Duplex } from 'node:stream';
import type { Domain, ShutdownReason } from '../domain/contract.ts';
import type { DomId } from '../hv/contract.ts';
import type { Transport } from '../vsock/contract.ts';

/** What a domain of a machine is given, wherever it runs. */
export interface DomainOptions {
  /** Addresses at which it may meet others. */
  readonly idc?: readonly string[];
  /**
   * Groups within which domains have virtual sockets to each other, and over what: `argo` between two if one of them says so.
   */
  readonly vsock?: Readonly<Record<string, Transport>>;
  /** Quota in MB for heap and pages, half of it each; 64 unless said otherwise, at least 16. */
  readonly memory?: number;
}

/** How to start a domain. */
export interface StartOptions extends DomainOptions {
  /** The file's name without its extension, unless said otherwise. No other domain of the machine may have it. */
  readonly name?: string;
  /** What the kernel gets as `dom.args` and `dom.commandLine`, e.g. `address=pair`. */
  readonly args?: string;
}

/** How a domain ended: what its kernel returned or was asked for, or that it was ended, or why it crashed. */
export interface DomainEnd {
  readonly reason: ShutdownReason | 'destroyed' | 'crash';
  /** Of a crash. */
  readonly error?: Error;
}

/** A domain in a thread of its own. */
export interface MachineDomain {
  readonly domid: DomId;
  readonly name: string;
  /**
   * Its console: what the kernel prints can be read, what is written it gets. Output that nobody reads is kept up to some
   * hundred KiB; the kernel never waits for a reader.
   */
  readonly console: Duplex;
  /** Resolves when its thread has ended and nothing of it is left. Never rejects. */
  readonly ended: Promise<DomainEnd>;
  /** Asks the kernel to end (`dom.signal` aborts), and waits until it has. @param reason `poweroff` unless said otherwise */
  shutdown(reason?: ShutdownReason): Promise<DomainEnd>;
  /** Ends it at once, whatever it does. */
  destroy(): Promise<DomainEnd>;
}

/** A domain in the program's own thread: its hypercalls, its store, its endpoints and channels. */
export interface LocalDomain
  extends Pick<Domain, 'domid' | 'name' | 'idc' | 'vchan' | 'vsock' | 'argo' | 'hypercalls' | 'xenstore'> {
  /** Disconnects its endpoints and gives back everything it had. */
  end(): void;
}

/** Domains and what they have in common: one hypervisor, one store. Machines know nothing of each other. */
export interface Machine extends AsyncDisposable {
  /**
   * Starts a domain whose kernel is a module, TypeScript or JavaScript, in a thread of its own.
   *
   * @param module a path, relative to the working directory, or a URL such as `new URL('./left.ts', import.meta.url)`
   * @returns when the kernel has been loaded and starts
   * @throws XmError `ENOKERNEL` when there is no such module, `EDOMAINDIED` when it cannot be loaded, `EEXIST` for a name that
   * is taken, `EMEMORY` for too little memory, `EADDRESS` for an address that is none
   */
  start(module: string | URL, options?: StartOptions): Promise<MachineDomain>;
  /** Makes a domain of the program's own thread, which may have several. @throws XmError `EEXIST`, `EMEMORY`, `EADDRESS` */
  domain(name: string, options?: DomainOptions): LocalDomain;
  /** Ends all domains; resolves when nothing is left. Until then the machine keeps the program running. */
  stop(): Promise<void>;
}
