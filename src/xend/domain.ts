// SPDX-License-Identifier: Apache-2.0
import type { VmConfig } from '../config/contract.ts';
import type { ControlChannel } from '../domain/control.ts';
import type { DomainThread } from '../domain/launch.ts';
import type { DomId } from '../hv/contract.ts';
import type { ServedStore } from '../xenstore/port.ts';
import { type ControlPeer, type Device, GONE } from './device.ts';
import type { Events } from './events.ts';
import type { Log, LogWriter } from './log.ts';

/** Where a domain stands in its life. */
export type DomainPhase = 'building' | 'paused' | 'running' | 'shutdown' | 'crashed' | 'dying';

/** A domain, in xend. */
export interface XendDomain extends ControlPeer {
  readonly domid: DomId;
  /** The name of {@link config}; `identity.ts` changes it. */
  name: string;
  uuid: string;
  config: VmConfig;
  /** For what it brings about: a flood of it is counted, not logged. */
  readonly log: LogWriter;
  /** Seconds since 1970. */
  readonly startTime: number;
  /** By `class:devid`. */
  readonly devices: Map<string, Device>;
  /** What back ends of its devices keep for longer than these, by `class:devid`. */
  readonly records: Map<string, SharedArrayBuffer>;
  /** Classes whose front-end driver is up. */
  readonly frontsUp: Set<string>;
  /** Classes whose back-end driver is up. */
  readonly backsUp: Set<string>;
  /** Drivers of users' own classes that it was told to load, by `CLASS_END`. */
  readonly ownDrivers: Map<string, { readonly version: string; readonly loaded: Promise<void> }>;
  /** Each change is an event. */
  phase: DomainPhase;
  /** It ended and stays to be looked at. */
  preserved: boolean;
  /** Whether the configured devices exist, so that a front-end driver that comes up is shown them. */
  devicesMade: boolean;
  /** It is at rest, or comes to it, and may not be disturbed but by its end. */
  saving: boolean;
  /** Why it stopped, when it did. */
  shutdownReason: string | undefined;
  thread: DomainThread | undefined;
  control: ControlChannel | undefined;
  store: ServedStore | undefined;
  /** Lets the kernel start; called once. */
  start: (() => void) | undefined;
  /** Resolves when the domain's thread has announced its drivers. */
  readonly ready: PromiseWithResolvers<void>;
  /** Resolves when nothing of it is left (or, preserved, when its thread is gone). */
  readonly gone: PromiseWithResolvers<void>;
  /** Resolves when what its end entails is done too, e.g. it was restarted; with an error when that failed. */
  readonly settled: PromiseWithResolvers<unknown>;
  /** Says that it is lost; see {@link ControlPeer}. */
  lose(): void;
  /** CPU seconds, as last seen. */
  cpuTime: number;
  heapBytes: number;
  /** Whether the loop of its thread did not rest at the last look; of one that shares its thread nothing is known. */
  busy: boolean;
  /** Runs, or has run, since xend asked the kernel to end. */
  shutdownTimer: NodeJS.Timeout | undefined;
  /** Seconds that it had to end when it was asked to, if it was ended by force after them. */
  forced: number | undefined;
  /** Its former lives: how often it was restarted by what follows an end. */
  restarts: number;
  /** Its former lives in a row, up to the last one, that were short; see `restart.ts`. */
  quickLives: number;
}

/** Where is told what becomes of a domain. */
export interface DomainWitnesses {
  readonly log: Log;
  readonly events: Events;
}

/** A domain of which there is nothing yet. */
export function newDomain(domid: DomId, uuid: string, config: VmConfig, { log, events }: DomainWitnesses): XendDomain {
  const ready = Promise.withResolvers<void>();
  ready.promise.catch(() => {});
  const losing = new AbortController();
  let phase: DomainPhase = 'building';

  function enter(next: DomainPhase): void {
    phase = next;
    const { uuid, shutdownReason } = domain;
    const reason = next === 'shutdown' || next === 'crashed' ? { reason: shutdownReason ?? '' } : {};
    events.publish('domain', next, domain, { uuid, ...reason });
  }

  const domain: XendDomain = {
    domid,
    uuid,
    name: config.name,
    lost: losing.signal,
    lose: () => losing.abort(domain.shutdownReason),
    config,
    log: log.about(() => `${domain.name} (${domid})`),
    startTime: Date.now() / 1000,
    devices: new Map(),
    records: new Map(),
    frontsUp: new Set(),
    backsUp: new Set(),
    ownDrivers: new Map(),
    get phase() {
      return phase;
    },
    set phase(next) {
      if (phase !== next) enter(next);
    },
    preserved: false,
    devicesMade: domid === 0,
    saving: false,
    shutdownReason: undefined,
    thread: undefined,
    control: undefined,
    store: undefined,
    start: undefined,
    ready,
    gone: Promise.withResolvers<void>(),
    settled: Promise.withResolvers<unknown>(),
    cpuTime: 0,
    heapBytes: 0,
    busy: false,
    shutdownTimer: undefined,
    forced: undefined,
    restarts: 0,
    quickLives: 0,
    request(type, subtype, body, timeout) {
      return domain.control === undefined
        ? Promise.resolve(GONE)
        : domain.control.request(type, subtype, body, timeout);
    },
  };
  enter('building');
  return domain;
}

export const CONTROL_UUID = '00000000-0000-0000-0000-000000000000';

/** What stands in for Domain-0's configuration. Its memory is for its back ends' heap and pages; it is no quota of a guest. */
export function controlConfig(backends: readonly string[]): VmConfig {
  return {
    name: 'Domain-0',
    uuid: '',
    memory: 1024,
    maxMemory: 0,
    vcpus: 1,
    vcpuAvailable: '',
    cpus: [],
    pool: 'dedicated',
    image: { kernel: '', args: '' },
    onPoweroff: 'destroy',
    onReboot: 'destroy',
    onCrash: 'destroy',
    onXendStart: 'ignore',
    onXendStop: 'ignore',
    backends,
    classPaths: [],
    addresses: [],
    vsock: {},
    devices: [],
  };
}

/** The `rbpscd` characters of `xm list`. */
export function stateLetters(domain: XendDomain, blocked: boolean): string {
  const { phase } = domain;
  const running = phase === 'running';
  const flags: readonly (readonly [string, boolean])[] = [
    ['r', running && !blocked],
    ['b', running && blocked],
    ['p', phase === 'paused' || phase === 'building'],
    ['s', phase === 'shutdown'],
    ['c', phase === 'crashed'],
    ['d', phase === 'dying'],
  ];
  return flags.map(([letter, on]) => (on ? letter : '-')).join('');
}
