// SPDX-License-Identifier: Apache-2.0
import type { VmConfig } from '../config/contract.ts';
import { messageOf, XmError } from '../errors.ts';
import { type Builder, createBuilder, letRun } from './build.ts';
import type { XendContext } from './context.ts';
import type { DeviceService } from './devices.ts';
import type { XendDomain } from './domain.ts';
import { createEnding, NOTHING } from './ending.ts';
import { changeIdentity, newUuid, requireFreeName } from './identity.ts';
import { createKeeping, type Keeping } from './keeping.ts';
import { leaveInTime } from './leave.ts';
import { isThere, type Known, requireThere } from './lookup.ts';
import type { ManagedDomain } from './managed.ts';
import { freeMemory } from './memory.ts';
import { requireGuest, requireRunning, requireUnpaused } from './phase-checks.ts';
import { createSequels } from './sequel.ts';
import { isSuspended } from './suspended-file.ts';

/** Seconds a kernel has to end when it is asked to (spec/xend.md 2.7). */
export const SHUTDOWN_LIMIT = 30;

/** Domains: what can be done with them as a whole. */
export interface Lifecycle extends Keeping {
  /** Domain-0: no kernel, all back ends, no limit. */
  createControlDomain(): Promise<XendDomain>;
  /** Builds a domain; see {@link Builder}. */
  create(config: VmConfig, paused: boolean, limit?: number): Promise<XendDomain>;
  /** Builds one that is kept, and is not there. */
  start(managed: ManagedDomain, paused: boolean, limit?: number): Promise<XendDomain>;
  /** Starts those that are kept and have `(on_xend_start start)`, one after another; what fails is in the log. */
  startManaged(): Promise<void>;
  /** One that is there, by domid, name or uuid. @throws XmError `ENODOMAIN`, `ENOTSTARTED` */
  find(name: string): XendDomain;
  pause(domain: XendDomain): void;
  unpause(domain: XendDomain): void;
  /** Gives one another name: that runs, that is there to be looked at, or that is kept. @throws XmError `EEXIST` if the name is taken */
  rename(known: Known, name: string): void;
  /** Asks the kernel to end, and ends it when `timeout` seconds pass. */
  shutdown(domain: XendDomain, reason: 'poweroff' | 'reboot' | 'halt', timeout: number): void;
  /** Ends it at once; resolves when nothing of it is left. */
  destroy(domain: XendDomain): Promise<void>;
  /** Ends everything, Domain-0 last, in the ways that `on_xend_stop` says. */
  stopAll(): Promise<void>;
  /** MB that no domain has. */
  freeMemory(): number;
}

/** @param onControlDomainLost told why, when Domain-0 ended and nobody wanted it to */
export function createLifecycle(
  context: XendContext,
  devices: DeviceService,
  onControlDomainLost: (why: string) => void,
): Lifecycle {
  const { hv, log, domains, managed } = context;
  let stopping = false;
  // Each needs the other: an end may entail a new life.
  const sequels = createSequels(context, (...made) => builder.build(...made));
  const ending = createEnding(context, devices, {
    sequelOf: (...of) => (stopping ? NOTHING : sequels.sequelOf(...of)),
    controlDomainLost: onControlDomainLost,
  });
  const builder = createBuilder(context, devices, ending);

  const life: Lifecycle = {
    ...createKeeping(context, devices, builder, ending),
    freeMemory: () => freeMemory(context),
    createControlDomain: builder.buildControlDomain,
    async create(config, paused, limit) {
      requireFreeName(context, config.name);
      const identity = { uuid: newUuid(context, config), quickLives: 0 };
      return builder.build(identity, { ...config, uuid: '' }, paused, limit);
    },
    start: ({ uuid, config }, paused, limit) => builder.build({ uuid, quickLives: 0 }, config, paused, limit),
    async startManaged() {
      const wanted = managed.all().filter(({ config }) => config.onXendStart === 'start');
      const serving = ({ config }: ManagedDomain) => Number(config.backends.length > 0);
      // Who serves others comes before them.
      for (const one of wanted.toSorted((a, b) => serving(b) - serving(a))) {
        if (stopping) return;
        const begin = isSuspended(context, one.uuid) ? life.resume : life.start;
        await begin(one, false).catch((error: unknown) => log.write('ERROR', messageOf(error)));
      }
    },
    find: (word) => requireThere(context, word),
    pause(domain) {
      requireRunning(domain, 'pause');
      hv.pause(domain.domid);
      domain.phase = 'paused';
      log.write('INFO', `Domain ${domain.name} (id=${domain.domid}) paused`);
    },
    unpause(domain) {
      requireRunning(domain, 'unpause');
      hv.unpause(domain.domid);
      letRun(domain);
      devices.showAgain(domain);
      devices.goesOn(domain);
      log.write('INFO', `Domain ${domain.name} (id=${domain.domid}) unpaused`);
    },
    rename(known, name) {
      const { uuid } = known;
      if (isThere(known)) requireGuest(known, 'rename');
      requireFreeName(context, name);
      const kept = managed.find(uuid);
      if (kept !== undefined) managed.keep({ uuid, config: { ...kept.config, name } });
      if (!isThere(known)) return;
      changeIdentity(context, known, { name, uuid });
      devices.named(known);
    },
    shutdown(domain, reason, timeout) {
      if (domain.domid === 0) throw new XmError('EPRIVILEGED', 'Domain 0 cannot be shutdown');
      requireUnpaused(domain, reason);
      domain.shutdownReason = reason;
      log.write('INFO', `Asking domain ${domain.name} (id=${domain.domid}) for ${reason}`);
      void domain.request('SHUTDOWN', reason.toUpperCase(), {});
      clearTimeout(domain.shutdownTimer);
      domain.shutdownTimer = setTimeout(() => {
        log.write('WARNING', `Domain ${domain.name} did not end within ${timeout} s: it is destroyed`);
        domain.forced = timeout;
        void domain.thread?.kill();
      }, timeout * 1000);
    },
    async destroy(domain) {
      if (domain.domid === 0) throw new XmError('EPRIVILEGED', `Cannot destroy privileged domain ${domain.name}`);
      log.write('INFO', `Destroying domain ${domain.name} (id=${domain.domid})`);
      await ending.end(domain);
    },
    async stopAll() {
      stopping = true;
      builder.close();
      const guests = () => [...domains.values()].filter(({ domid }) => domid !== 0);
      await leaveInTime(guests(), {
        shutdown: (domain, timeout) => life.shutdown(domain, 'poweroff', timeout),
        suspend: (domain, timeout) => life.suspend(domain, timeout),
        log,
      });
      // All of a pool end with it, and none is waited for that holds others up.
      await Promise.allSettled([...guests().map(ending.end), context.pools.stop()]);
      const control = domains.get(0);
      if (control !== undefined) await ending.end(control);
    },
  };
  return life;
}
