// SPDX-License-Identifier: Apache-2.0
import { randomUUID } from 'node:crypto';
import type { EndAction, VmConfig } from '../config/contract.ts';
import { giveAddresses, takeAddresses } from '../domain/addresses.ts';
import { type KernelImage, loadKernel, type ThreadEnd } from '../domain/launch.ts';
import { messageOf, noSuchDomain, XmError } from '../errors.ts';
import type { DomId } from '../hv/contract.ts';
import { prettyPrint } from '../sxp/pretty.ts';
import type { XendContext } from './context.ts';
import { FRONT_GONE } from './controller.ts';
import type { DeviceService } from './devices.ts';
import { CONTROL_UUID, controlConfig, newDomain, type XendDomain } from './domain.ts';
import { checkMemory, freeMemory } from './memory.ts';
import { publishDomain, unpublishDomain } from './mirror.ts';
import { recordOf } from './records.ts';
import { judgeRestart } from './restart.ts';
import { startThread } from './start-thread.ts';

/** Seconds a kernel has to end when it is asked to (spec/xend.md 2.7). */
export const SHUTDOWN_LIMIT = 30;

/** Domains: from configuration to thread and back to nothing. */
export interface Lifecycle {
  /** Domain-0: no kernel, all back ends, no limit. */
  createControlDomain(): Promise<XendDomain>;
  /** Builds a domain with all its devices and lets it run unless `paused`. All or nothing. */
  create(config: VmConfig, directory: string, paused: boolean): Promise<XendDomain>;
  /** By domid, name or uuid. @throws XmError `ENODOMAIN` */
  find(name: string): XendDomain;
  pause(domain: XendDomain): void;
  unpause(domain: XendDomain): void;
  /** Asks the kernel to end, and ends it when `timeout` seconds pass. */
  shutdown(domain: XendDomain, reason: 'poweroff' | 'reboot' | 'halt', timeout: number): void;
  /** Ends it at once; resolves when nothing of it is left. */
  destroy(domain: XendDomain): Promise<void>;
  /** Ends everything, Domain-0 last. */
  stopAll(): Promise<void>;
  /** MB that no domain has. */
  freeMemory(): number;
}

export function createLifecycle(
  context: XendContext,
  devices: DeviceService,
  onControlDomainLost: (why: string) => void,
): Lifecycle {
  const { hv, store, xs, log, domains, stateFiles } = context;
  const classes = context.classes.all;
  const limit = devices.connectLimit;
  let nextDomid: DomId = 1;
  let stopping = false;

  function start(domain: XendDomain, kernel: KernelImage | undefined): void {
    const thread = startThread(context, devices, domain, kernel);
    thread.ended
      .then((end) => onThreadEnd(domain, end))
      .catch((error) => log.write('CRITICAL', `Domain ${domain.name} could not be cleaned up: ${messageOf(error)}`));
  }

  function reasonOf(domain: XendDomain, { exitCode, error }: ThreadEnd): string {
    if (error !== undefined) return `crash: ${error.message.split('\n')[0]}`;
    if (domain.phase === 'dying') return domain.shutdownReason ?? 'destroyed';
    return domain.shutdownReason ?? (exitCode === 0 ? 'poweroff' : `crash: exit status ${exitCode}`);
  }

  async function onThreadEnd(domain: XendDomain, end: ThreadEnd): Promise<void> {
    const reason = reasonOf(domain, end);
    const destroyed = domain.phase === 'dying';
    const crashed = reason.startsWith('crash');
    const building = domain.phase === 'building';
    domain.shutdownReason = reason;
    domain.control?.close();
    domain.control = undefined;
    clearTimeout(domain.shutdownTimer);
    domain.ready.reject(endedEarly(domain, reason));
    log.write(crashed ? 'ERROR' : 'INFO', `Domain ${domain.name} (id=${domain.domid}) ended: ${reason}`);
    if (end.error?.stack !== undefined && crashed) log.write('DEBUG', end.error.stack);
    hv.printk(`domain ${domain.domid} (${domain.name}) ended: ${reason}`);
    store.shutdownDomain(domain.domid);
    domain.phase = crashed ? 'crashed' : 'shutdown';
    // While a domain is built its maker cleans up.
    const action = destroyed || building ? 'destroy' : actionFor(domain, reason);
    if (domain.domid === 0) {
      await release(domain);
      if (!destroyed) onControlDomainLost(reason);
      return;
    }
    await releaseDevices(domain);
    if (action === 'preserve') domain.gone.resolve();
    else await release(domain);
    const failure = action === 'restart' ? await restart(domain, crashed) : undefined;
    domain.settled.resolve(failure);
  }

  function actionFor(domain: XendDomain, reason: string): EndAction {
    if (reason === 'reboot') return domain.config.onReboot;
    return reason.startsWith('crash') ? domain.config.onCrash : domain.config.onPoweroff;
  }

  /** @returns why it stays down, if it does */
  async function restart(domain: XendDomain, crashed: boolean): Promise<unknown> {
    const verdict = judgeRestart(domain, crashed);
    if (typeof verdict === 'string') {
      log.write('ERROR', verdict);
      return new XmError('ETOOFAST', verdict);
    }
    log.write('INFO', `Restarting domain ${domain.name}`);
    try {
      await createAs({ uuid: domain.uuid, quickLives: verdict }, domain.config, domain.directory, false);
      return undefined;
    } catch (error) {
      log.write('ERROR', `Domain ${domain.name} could not be restarted: ${messageOf(error)}`);
      return error;
    }
  }

  async function releaseDevices(domain: XendDomain): Promise<void> {
    const devicesGone = devices.domainGone(domain);
    // What the domain mapped is undone by now: peers that see it go have their memory back.
    takeAddresses(xs, domain.domid, domain.config.addresses);
    await devicesGone;
    domain.store?.close();
    domain.store = undefined;
  }

  /** Takes away all that is left of a domain whose thread has ended or never was. */
  async function release(domain: XendDomain): Promise<void> {
    await releaseDevices(domain);
    if (hv.domids().includes(domain.domid)) hv.destroyDomain(domain.domid);
    // With Domain-0 the store ends too; what is kept of it must not go before.
    if (domain.domid !== 0) {
      store.releaseDomain(domain.domid);
      unpublishDomain(xs, domain);
    }
    try {
      stateFiles.remove(domain.uuid);
    } catch (error) {
      // The next start would take it for a lost domain; this one goes on.
      log.write('WARNING', `The record of domain ${domain.name} could not be removed: ${messageOf(error)}`);
    }
    domains.delete(domain.domid);
    domain.gone.resolve();
  }

  async function end(domain: XendDomain): Promise<void> {
    domain.phase = 'dying';
    await domain.thread?.kill();
    await domain.thread?.ended;
    if (domains.has(domain.domid) && domain.thread === undefined) await release(domain);
    await domain.gone.promise;
    // Preserved domains were released only in part.
    if (domains.get(domain.domid) === domain) await release(domain);
  }

  function letRun(domain: XendDomain): void {
    domain.phase = 'running';
    domain.start?.();
    domain.start = undefined;
  }

  /** Resolves when the thread has announced its drivers and loaded its kernel. */
  async function whenReady(domain: XendDomain): Promise<void> {
    const text = `Domain '${domain.name}' was not ready within ${limit / 1000} s: its kernel is still being loaded`;
    const late = setTimeout(() => domain.ready.reject(new XmError('ETIMEOUT', text)), limit);
    await domain.ready.promise.finally(() => clearTimeout(late));
  }

  /** The domain itself, its devices and its thread, up to where its kernel may start. */
  async function build(domain: XendDomain, kernel: KernelImage): Promise<void> {
    start(domain, kernel);
    publishDomain(xs, domain);
    giveAddresses(xs, domain.domid, domain.config.addresses);
    const implicit = classes.filter((item) => item.implicit).map((item) => ({ class: item.name, config: {} }));
    const made = [...implicit, ...domain.config.devices].map((entry) => devices.make(domain, entry));
    const settled = await Promise.allSettled(made);
    const failed = settled.find((outcome) => outcome.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
    devices.show(domain);
    await whenReady(domain);
    // Those that were made, not those that are left.
    const connected = settled.map((outcome) => outcome.status === 'fulfilled' && outcome.value.whenConnected(limit));
    await Promise.all(connected);
    if (domain.phase !== 'building') throw endedEarly(domain, domain.shutdownReason ?? 'destroyed');
    stateFiles.write(domain.uuid, prettyPrint(recordOf(context, domain).form));
  }

  /** @param identity what it has in common with its former lives */
  async function createAs(
    identity: Pick<XendDomain, 'uuid' | 'quickLives'>,
    config: VmConfig,
    directory: string,
    paused: boolean,
  ): Promise<XendDomain> {
    if (stopping) throw new XmError('ESTOPPING', 'xend is stopping');
    const other = [...domains.values()].find(({ name }) => name === config.name);
    if (other !== undefined) {
      throw new XmError('EEXIST', `Domain '${config.name}' already exists with ID '${other.domid}'`);
    }
    checkMemory(domains.values(), config.memory);
    const kernel = loadKernel(config.image.kernel);
    const domain = newDomain(nextDomid++, identity.uuid, config, directory);
    domain.quickLives = identity.quickLives;
    domains.set(domain.domid, domain);
    log.write('INFO', `Creating domain ${domain.name} (id=${domain.domid}, ${config.memory} MB)`);
    try {
      await build(domain, kernel);
    } catch (error) {
      const cause = await abandon(domain, error);
      log.write('ERROR', `Domain ${domain.name} could not be created: ${messageOf(cause)}`);
      throw cause;
    }
    domain.phase = 'paused';
    if (!paused) letRun(domain);
    log.write('INFO', `Domain ${domain.name} (id=${domain.domid}) is ${paused ? 'paused' : 'started'}`);
    return domain;
  }

  /** Nothing stays of a domain that could not be built. @returns why: its own end if that is it, else what was reported */
  async function abandon(domain: XendDomain, reported: unknown): Promise<unknown> {
    const destroyed = domain.phase === 'dying';
    // Its devices may hear of its end before we do.
    const lost = reported instanceof XmError && reported.code === FRONT_GONE;
    if (lost) await domain.thread?.ended;
    await end(domain);
    const { shutdownReason = '' } = domain;
    return destroyed || lost || shutdownReason.startsWith('crash') ? endedEarly(domain, shutdownReason) : reported;
  }

  function mayChange(domain: XendDomain, verb: string): void {
    const { domid, name, phase } = domain;
    if (domid === 0) throw new XmError('EPRIVILEGED', `Cannot ${verb} privileged domain ${name}`);
    if (phase === 'building') throw new XmError('EAGAIN', `Domain '${name}' is being built`);
    if (phase !== 'running' && phase !== 'paused') throw new XmError('ENOTRUNNING', `Domain '${name}' is not running`);
  }

  return {
    freeMemory: () => freeMemory(domains.values()),
    async createControlDomain() {
      const domain = newDomain(0, CONTROL_UUID, controlConfig(classes.map(({ name }) => name)), '/');
      domains.set(0, domain);
      start(domain, undefined);
      await domain.ready.promise;
      domain.phase = 'running';
      publishDomain(xs, domain);
      return domain;
    },
    create: (config, directory, paused) => createAs({ uuid: randomUUID(), quickLives: 0 }, config, directory, paused),
    find(word) {
      const all = [...domains.values()];
      const found =
        all.find(({ domid }) => String(domid) === word) ?? all.find(({ name, uuid }) => name === word || uuid === word);
      if (found === undefined) throw noSuchDomain(word);
      return found;
    },
    pause(domain) {
      mayChange(domain, 'pause');
      hv.pause(domain.domid);
      domain.phase = 'paused';
      log.write('INFO', `Domain ${domain.name} (id=${domain.domid}) paused`);
    },
    unpause(domain) {
      mayChange(domain, 'unpause');
      hv.unpause(domain.domid);
      letRun(domain);
      log.write('INFO', `Domain ${domain.name} (id=${domain.domid}) unpaused`);
    },
    shutdown(domain, reason, timeout) {
      if (domain.domid === 0) throw new XmError('EPRIVILEGED', 'Domain 0 cannot be shutdown');
      mayChange(domain, reason);
      if (domain.phase !== 'running') {
        throw new XmError('EPAUSED', `Domain '${domain.name}' is paused`, {
          hint: `'xm unpause ${domain.name}' lets it run`,
        });
      }
      domain.shutdownReason = reason;
      log.write('INFO', `Asking domain ${domain.name} (id=${domain.domid}) for ${reason}`);
      void domain.request('SHUTDOWN', reason.toUpperCase(), {});
      clearTimeout(domain.shutdownTimer);
      domain.shutdownTimer = setTimeout(() => {
        log.write('WARNING', `Domain ${domain.name} did not end within ${timeout} s: it is destroyed`);
        void domain.thread?.kill();
      }, timeout * 1000);
    },
    async destroy(domain) {
      if (domain.domid === 0) throw new XmError('EPRIVILEGED', `Cannot destroy privileged domain ${domain.name}`);
      log.write('INFO', `Destroying domain ${domain.name} (id=${domain.domid})`);
      await end(domain);
    },
    async stopAll() {
      stopping = true;
      const guests = [...domains.values()].filter(({ domid }) => domid !== 0);
      // All of the pool end with it, and none is waited for that holds others up.
      await Promise.allSettled([...guests.map((domain) => end(domain)), context.pool.stop()]);
      const control = domains.get(0);
      if (control !== undefined) await end(control);
    },
  };
}

function endedEarly({ name }: XendDomain, reason: string): XmError {
  return new XmError('EDOMAINDIED', `Domain '${name}' ended while it was built: ${reason.replace(/^crash: /, '')}`);
}
