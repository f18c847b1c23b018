// SPDX-License-Identifier: Apache-2.0
import type { VmConfig } from '../config/contract.ts';
import type { ChannelContents, GrantContents } from '../hv/contents.ts';
import type { DeviceInfo, DomainInfo, IdcEndpointInfo, RingStats } from './contract.ts';

/** What `xm inspect` shows: everything that is known of one thing, for people who look for what is wrong and for programs. */

/** One end of an event channel. */
export interface PortInspection extends ChannelContents {
  readonly pending: boolean;
  readonly masked: boolean;
  /** Events ever, modulo 2^32. */
  readonly sent: number;
  readonly received: number;
}

/** Something that happened; of a domain with what the event says more (`event.ts`). */
export interface PastEvent {
  readonly seq: number;
  /** ISO 8601. */
  readonly time: string;
  readonly event: string;
  readonly [detail: string]: string | number;
}

/** A domain, by its number and name. */
export interface DomainName {
  readonly domid: number;
  readonly domain: string;
}

/** One end of a device. */
export interface EndInspection extends DomainName {
  readonly storePath: string;
  /** Absent while there is no connection. */
  readonly port?: PortInspection;
}

export interface DeviceInspection extends DeviceInfo {
  /** Where it stands in `device-table.ts`. */
  readonly phase: string;
  readonly front: EndInspection;
  readonly back: EndInspection;
  /** Those of the front end's domain over which the connection goes. */
  readonly grants: readonly GrantContents[];
  readonly rings: readonly RingStats[];
  /** What the back end counts. */
  readonly counters: Readonly<Record<string, number>>;
  /** The states that it was in, oldest first, as far as events are kept. */
  readonly history: readonly PastEvent[];
}

export interface DomainInspection extends DomainInfo {
  /** How often it was restarted by what follows an end. */
  readonly restarts: number;
  readonly storePath: string;
  readonly vmPath: string;
  /** Absent for Domain-0. */
  readonly config?: VmConfig;
  /** Absent when it has ended. */
  readonly thread?: { readonly id: number; readonly shared: boolean };
  /** Of its thread, if it has that for itself. */
  readonly heapBytes: number;
  readonly pages: { readonly used: number; readonly quota: number };
  readonly extents: readonly { readonly id: number; readonly order: number }[];
  readonly grants: readonly GrantContents[];
  readonly ports: readonly PortInspection[];
  /** Classes whose drivers are up. */
  readonly drivers: { readonly front: readonly string[]; readonly back: readonly string[] };
  readonly devices: readonly DeviceInspection[];
  /** Devices of other domains, and its own, of which it is the back end. */
  readonly serves: readonly (DomainName & { readonly class: string; readonly device: string })[];
  /** Its own words; absent when it did not answer. */
  readonly endpoints?: readonly IdcEndpointInfo[];
  /** Of connections at addresses, of vchans, and of Argo; those of devices are with them. */
  readonly rings: readonly RingStats[];
  /** What happened to it, oldest first, as far as events are kept; what happened to its devices is with them. */
  readonly history: readonly PastEvent[];
}
