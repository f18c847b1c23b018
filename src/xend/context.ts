// SPDX-License-Identifier: Apache-2.0
import type { ClaimTable } from '../devices/claims.ts';
import type { DeviceClass } from '../devices/contract.ts';
import type { DomId } from '../hv/contract.ts';
import type { Hypervisor } from '../hv/hypervisor.ts';
import type { Store, StoreConnection } from '../xenstore/contract.ts';
import type { Device } from './device.ts';
import type { XendDomain } from './domain.ts';
import type { Events } from './events.ts';
import type { VsockDoors } from './http/vsock-doors.ts';
import type { Log } from './log.ts';
import type { LogLevel } from './log-line.ts';
import type { ManagedDomains } from './managed.ts';
import type { DeviceClasses } from './own-classes.ts';
import type { RunPaths } from './paths.ts';
import type { Pools } from './pools.ts';
import type { Settings } from './settings.ts';
import type { StateFiles } from './state-files.ts';

/** Settings of a supervisor. */
export interface XendOptions {
  readonly paths: RunPaths;
  /** Device classes beside the built-in ones. */
  readonly classes?: readonly DeviceClass[];
  /** Modules of classes of users' own that are known from the start, absolute. */
  readonly classPaths?: readonly string[];
  /** Runs before each labelled step of a device's connection, e.g. `vbd.tellConnected`. */
  readonly onStep?: (label: string, device: Device) => Promise<void> | void;
  /** Threads for domains with `(pool shared)`; as many as the machine has processors unless said. */
  readonly poolThreads?: number;
  /** How long a thread of a pool may be held up by one of its domains, milliseconds. */
  readonly poolPatience?: number;
  /** Domain 0's part of the store outlives this supervisor. */
  readonly persistStore?: boolean;
  /** Lines of its log below that are not written. */
  readonly logLevel?: LogLevel;
  /** Bytes that are kept of what a console said. */
  readonly consoleHistory?: number;
  /** Domains that crash leave a core in any case. */
  readonly dumpCrashed?: boolean;
  /** MB of the machine's memory that no domain but Domain-0 gets. */
  readonly reservedMemory?: number;
  /** MB that it may give, if that is less than the machine has. */
  readonly totalMemory?: number;
  /** What its configuration says, to be shown. */
  readonly settings?: Settings;
  /** How long a device may take to connect, milliseconds. */
  readonly connectLimit?: number;
  /** How long one of its ends may take to let go of a device, milliseconds. */
  readonly destroyLimit?: number;
  /** How long a domain may take to answer one control message about devices, milliseconds; 20 seconds unless said. */
  readonly answerLimit?: number;
}

/** What the parts of the supervisor share. */
export interface XendContext {
  readonly options: XendOptions;
  readonly paths: RunPaths;
  readonly hv: Hypervisor;
  readonly store: Store;
  /** Domain 0's own connection, for what xend publishes. */
  readonly xs: StoreConnection;
  readonly log: Log;
  readonly events: Events;
  readonly claims: ClaimTable;
  readonly classes: DeviceClasses;
  readonly stateFiles: StateFiles;
  readonly domains: Map<DomId, XendDomain>;
  readonly managed: ManagedDomains;
  readonly pools: Pools;
  readonly vsockDoors: VsockDoors;
  readonly startTime: number;
}
