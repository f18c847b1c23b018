// SPDX-License-Identifier: Apache-2.0
import { takeAddresses } from '../domain/addresses.ts';
import type { DomainThread, ThreadEnd } from '../domain/launch.ts';
import { messageOf, XmError } from '../errors.ts';
import type { XendContext } from './context.ts';
import type { DeviceService } from './devices.ts';
import type { XendDomain } from './domain.ts';
import { unpublishDomain } from './mirror.ts';
import { partDomain } from './vsock.ts';

/** Takes domains apart: from a thread that ended, or is to end, to nothing. */
export interface Ending {
  /** Cleans up when a domain's thread ends, for whatever reason, and lets follow what the configuration says. */
  follow(domain: XendDomain, thread: DomainThread): void;
  /** Ends a domain at once; resolves when nothing of it is left. */
  end(domain: XendDomain): Promise<void>;
}

/** What follows the end of a domain. */
export interface Sequel {
  /** Done while all that it had is still there. Does not fail. */
  readonly first?: () => Promise<void>;
  /** Whether the domain stays, to be looked at. */
  readonly keep: boolean;
  /** Done when it is gone, or has its place among those that stay. @returns why it could not be done, if so */
  readonly next?: () => Promise<unknown>;
}

/** What is not the business of who takes apart. */
export interface EndingHooks {
  /** Decides what follows when a domain ended by itself or was asked to. */
  sequelOf(domain: XendDomain, crashed: boolean): Sequel;
  controlDomainLost(why: string): void;
}

export function createEnding(context: XendContext, devices: DeviceService, hooks: EndingHooks): Ending {
  const { hv, store, xs, log, events, domains, stateFiles } = context;

  async function onThreadEnd(domain: XendDomain, end: ThreadEnd): Promise<void> {
    const reason = reasonOf(domain, end);
    const destroyed = domain.phase === 'dying';
    const crashed = reason.startsWith('crash');
    const building = domain.phase === 'building';
    domain.shutdownReason = reason;
    domain.control?.close();
    domain.control = undefined;
    clearTimeout(domain.shutdownTimer);
    domain.ready.reject(endedEarly(domain));
    log.write(crashed ? 'ERROR' : 'INFO', `Domain ${domain.name} (id=${domain.domid}) ended: ${reason}`);
    if (end.error?.stack !== undefined && crashed) log.write('DEBUG', end.error.stack);
    hv.printk(`domain ${domain.domid} (${domain.name}) ended: ${reason}`);
    store.shutdownDomain(domain.domid);
    if (!destroyed) domain.phase = crashed ? 'crashed' : 'shutdown';
    if (domain.domid === 0) {
      await release(domain);
      if (!destroyed) hooks.controlDomainLost(reason);
      return;
    }
    // While a domain is built its maker cleans up.
    const { first, keep, next } = destroyed || building ? NOTHING : hooks.sequelOf(domain, crashed);
    await first?.();
    await releaseDevices(domain);
    if (keep) preserve(domain);
    else await release(domain);
    // Who destroyed it meanwhile wants nothing to follow.
    domain.settled.resolve(isDying(domain) ? undefined : await next?.());
  }

  async function releaseDevices(domain: XendDomain): Promise<void> {
    const devicesGone = devices.domainGone(domain);
    // What the domain mapped is undone by now: peers that see it go have their memory back.
    takeAddresses(xs, domain.domid, domain.config.addresses);
    partDomain(context, domain);
    await devicesGone;
    domain.store?.close();
    domain.store = undefined;
  }

  function preserve(domain: XendDomain): void {
    domain.preserved = true;
    events.publish('domain', 'preserved', domain, { uuid: domain.uuid });
    domain.gone.resolve();
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
    events.publish('domain', 'gone', domain, { uuid: domain.uuid, reason: domain.shutdownReason ?? 'destroyed' });
    domain.gone.resolve();
  }

  return {
    follow(domain, thread) {
      thread.ended
        .then((end) => onThreadEnd(domain, end))
        .catch((error) => log.write('CRITICAL', `Domain ${domain.name} could not be cleaned up: ${messageOf(error)}`));
    },
    async end(domain) {
      domain.phase = 'dying';
      await domain.thread?.kill();
      await domain.thread?.ended;
      if (domains.has(domain.domid) && domain.thread === undefined) await release(domain);
      await domain.gone.promise;
      // Preserved domains were released only in part.
      if (domains.get(domain.domid) === domain) await release(domain);
    },
  };
}

const isDying = ({ phase }: XendDomain): boolean => phase === 'dying';

/** Nothing follows, and nothing stays. */
export const NOTHING: Sequel = { keep: false };

function reasonOf({ phase, shutdownReason }: XendDomain, { exitCode, error }: ThreadEnd): string {
  if (error !== undefined) return `crash: ${error.message.split('\n')[0]}`;
  if (phase === 'dying') return shutdownReason ?? 'destroyed';
  return shutdownReason ?? (exitCode === 0 ? 'poweroff' : `crash: exit status ${exitCode}`);
}

/** The error of a domain that ended before it was complete. */
export function endedEarly({ name, shutdownReason = 'destroyed' }: XendDomain): XmError {
  return new XmError(
    'EDOMAINDIED',
    `Domain '${name}' ended while it was built: ${shutdownReason.replace(/^crash: /, '')}`,
  );
}
