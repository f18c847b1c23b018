// SPDX-License-Identifier: Apache-2.0
import { setTimeout as sleep } from 'node:timers/promises';
import type { VmConfig } from '../config/contract.ts';
import { DEDICATED } from '../config/pool-name.ts';
import { giveAddresses } from '../domain/addresses.ts';
import { type KernelImage, loadKernel } from '../domain/launch.ts';
import { messageOf, XmError } from '../errors.ts';
import type { DomId } from '../hv/contract.ts';
import { prettyPrint } from '../sxp/pretty.ts';
import type { XendContext } from './context.ts';
import { FRONT_GONE, notConnected } from './device.ts';
import type { DeviceService } from './devices.ts';
import { CONTROL_UUID, controlConfig, newDomain, type XendDomain } from './domain.ts';
import { type Ending, endedEarly } from './ending.ts';
import { requireFreeName, requireFreeUuid } from './identity.ts';
import { checkMemory } from './memory.ts';
import { publishDomain } from './mirror.ts';
import { recordOf } from './records.ts';
import { startThread } from './start-thread.ts';
import { configuredCpus, pinAsConfigured } from './vcpus.ts';
import { joinDomain } from './vsock.ts';

/** Milliseconds in which a domain that was not complete in time is expected to be taken apart. */
const GRACE = 1000;

/** What a domain has in common with its former lives. */
export interface Identity extends Pick<XendDomain, 'uuid' | 'quickLives'>, Partial<Pick<XendDomain, 'restarts'>> {
  /** State of its kernel, if it was saved. */
  readonly restored?: Uint8Array;
}

/** Makes domains: from configuration to thread. */
export interface Builder {
  /** Domain-0: no kernel, all back ends, no limit. */
  buildControlDomain(): Promise<XendDomain>;
  /**
   * Builds a domain with all its devices and lets it run unless `paused`. All or nothing.
   *
   * @param limit milliseconds that it may take; unless said as long as a device, or two for one that comes back: it may first have to
   * wait for who serves it
   * @throws XmError `ETIMEOUT` that says what was waited for. What does not let go then is taken apart later
   */
  build(identity: Identity, config: VmConfig, paused: boolean, limit?: number): Promise<XendDomain>;
  /** From now on none is built. */
  close(): void;
}

export function createBuilder(context: XendContext, devices: DeviceService, ending: Ending): Builder {
  const { xs, log, domains, stateFiles } = context;
  const classes = context.classes.all;
  let nextDomid: DomId = 1;
  let closed = false;

  function start(domain: XendDomain, kernel: KernelImage | undefined, restored?: Uint8Array): void {
    ending.follow(domain, startThread(context, devices, domain, kernel, restored));
  }

  /** The domain itself, its devices and its thread, up to where its kernel may start. */
  async function assemble(
    domain: XendDomain,
    limit: number,
    kernel: KernelImage,
    restored?: Uint8Array,
  ): Promise<void> {
    start(domain, kernel, restored);
    publishDomain(xs, domain);
    giveAddresses(xs, domain.domid, domain.config.addresses);
    joinDomain(context, domain);
    const implicit = classes.filter((item) => item.implicit).map((item) => ({ class: item.name, config: {} }));
    const made = [...implicit, ...domain.config.devices].map((entry) => devices.make(domain, entry));
    const settled = await Promise.allSettled(made);
    const failed = settled.find((outcome) => outcome.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
    devices.show(domain);
    await domain.ready.promise;
    await pinAsConfigured(domain);
    // Those that were made, not those that are left.
    const connected = settled.map((outcome) => outcome.status === 'fulfilled' && outcome.value.whenConnected(limit));
    await Promise.all(connected);
    if (domain.phase !== 'building') throw endedEarly(domain);
  }

  /** The same, all of it in time. */
  async function assembleInTime(...what: Parameters<typeof assemble>): Promise<void> {
    const [domain, limit] = what;
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(() => late.reject(lateError(domain, limit)), limit);
    await Promise.race([assemble(...what), late.promise]).finally(() => clearTimeout(timer));
    stateFiles.write(domain.uuid, prettyPrint(recordOf(context, domain).form));
  }

  /** Nothing stays of a domain that could not be built. @returns why: its own end if that is it, else what was reported */
  async function abandon(domain: XendDomain, reported: unknown): Promise<unknown> {
    const destroyed = domain.phase === 'dying';
    // Its devices may hear of its end before we do.
    const lost = reported instanceof XmError && reported.code === FRONT_GONE;
    if (lost) await domain.thread?.ended;
    await ending.end(domain);
    return destroyed || lost || domain.shutdownReason?.startsWith('crash') ? endedEarly(domain) : reported;
  }

  return {
    async buildControlDomain() {
      const domain = newDomain(0, CONTROL_UUID, controlConfig(classes.map(({ name }) => name)), context);
      domains.set(0, domain);
      start(domain, undefined);
      await domain.ready.promise;
      domain.phase = 'running';
      publishDomain(xs, domain);
      return domain;
    },
    async build(identity, config, paused, limit = devices.connectLimit * (identity.restarts === undefined ? 1 : 2)) {
      if (closed) throw new XmError('ESTOPPING', 'xend is stopping');
      requireFreeName(context, config.name, identity.uuid);
      requireFreeUuid(context, identity.uuid);
      if (config.pool !== DEDICATED) context.pools.find(config.pool);
      checkMemory(context, config.memory);
      configuredCpus(config);
      const kernel = loadKernel(config.image.kernel);
      const domain = newDomain(nextDomid++, identity.uuid, config, context);
      domain.quickLives = identity.quickLives;
      domain.restarts = identity.restarts ?? 0;
      domains.set(domain.domid, domain);
      log.write('INFO', `Creating domain ${domain.name} (id=${domain.domid}, ${config.memory} MB)`);
      try {
        await assembleInTime(domain, limit, kernel, identity.restored);
      } catch (error) {
        const abandoned = abandon(domain, error);
        // Who set a limit waits no longer, e.g. for a back end that hangs.
        const late = error instanceof XmError && error.code === 'ETIMEOUT';
        const cause = await (late ? Promise.race([abandoned, sleep(GRACE, error, { ref: false })]) : abandoned);
        log.write('ERROR', `Domain ${domain.name} could not be created: ${messageOf(cause)}`);
        throw cause;
      }
      if (paused) domain.phase = 'paused';
      else letRun(domain);
      log.write('INFO', `Domain ${domain.name} (id=${domain.domid}) is ${paused ? 'paused' : 'started'}`);
      return domain;
    },
    close() {
      closed = true;
    },
  };
}

/**
 * Tells again and again how many milliseconds are left of a time.
 *
 * @param seconds absent: there is no such time
 * @returns at least 1, the shortest limit
 */
export function timeLeft(seconds: number | undefined): () => number | undefined {
  const until = seconds === undefined ? undefined : performance.now() + seconds * 1000;
  return () => until && Math.max(1, until - performance.now());
}

/** The error of a domain that was not complete within so many milliseconds: the first thing that it waits for. */
function lateError({ name, devices, start }: XendDomain, limit: number): XmError {
  const ready = start !== undefined;
  const all = [...devices.values()];
  const pending = all.find(({ state }) => state === 'new') ?? (ready && all.find(({ state }) => state !== 'connected'));
  if (pending) return notConnected(pending, limit);
  const what = ready ? 'a driver' : 'its kernel';
  const elapsed = (limit / 1000).toFixed(1);
  return new XmError('ETIMEOUT', `Domain '${name}' was not ready within ${elapsed} s: ${what} is still being loaded`);
}

/** Lets a domain's kernel run, for the first time or again. */
export function letRun(domain: XendDomain): void {
  domain.phase = 'running';
  domain.start?.();
  domain.start = undefined;
}
