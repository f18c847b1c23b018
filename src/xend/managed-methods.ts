// SPDX-License-Identifier: Apache-2.0
import { noSuchDomain, XmError } from '../errors.ts';
import { timeLeft } from './build.ts';
import { requireConfigs } from './check.ts';
import type { XendContext } from './context.ts';
import type { XendMethods } from './contract.ts';
import type { XendDomain } from './domain.ts';
import { newUuid, requireFreeName } from './identity.ts';
import type { Lifecycle } from './lifecycle.ts';
import { checkedName, isThere, lookUp } from './lookup.ts';
import type { ManagedDomain } from './managed.ts';
import { requireGuest } from './phase-checks.ts';
import { isSuspended } from './suspended-file.ts';
import { domainInfo, listedInfo } from './views.ts';

/** The methods that are about domains that xend keeps, or may be. */
export function createManagedMethods(
  context: XendContext,
  life: Lifecycle,
): Pick<XendMethods, 'domain.new' | 'domain.start' | 'domain.delete' | 'domain.rename'> {
  const { classes, managed, log } = context;

  /** One that is kept, not there, and not suspended. @throws XmError `ENODOMAIN`, or why it is none */
  function requireDormant(word: string, verb: string, whenThere: (domain: XendDomain) => XmError): ManagedDomain {
    const found = lookUp(context, word);
    if (found === undefined) throw noSuchDomain(word);
    if (!isThere(found)) {
      if (isSuspended(context, found.uuid)) throw suspended(found.config.name);
      return found;
    }
    requireGuest(found, verb);
    throw managed.find(found.uuid) === undefined ? unmanaged(found.name) : whenThere(found);
  }

  return {
    async 'domain.new'(params) {
      const { configs, report } = await requireConfigs(params, classes);
      for (const { name } of configs) requireFreeName(context, name);
      const made = configs.map((config) => ({ uuid: newUuid(context, config), config: { ...config, uuid: '' } }));
      try {
        made.forEach(managed.keep);
      } catch (error) {
        for (const { uuid } of made) managed.forget(uuid);
        throw error;
      }
      for (const { uuid, config } of made) log.write('INFO', `Domain ${config.name} (${uuid}) is managed`);
      return { domains: made.map((domain) => listedInfo(context, domain)), report };
    },
    async 'domain.start'({ domain, paused, timeout }) {
      const found = requireDormant(domain, 'start', (there) =>
        there.phase === 'running' || there.phase === 'paused'
          ? new XmError('EEXIST', `Domain '${there.name}' is already running`)
          : notHalted(there),
      );
      return domainInfo(context, await life.start(found, paused === true, timeLeft(timeout)()));
    },
    async 'domain.delete'({ domain }) {
      const { uuid, config } = requireDormant(domain, 'delete', notHalted);
      managed.forget(uuid);
      log.write('INFO', `Domain ${config.name} (${uuid}) is managed no more`);
      return null;
    },
    async 'domain.rename'({ domain, name }) {
      const found = lookUp(context, domain);
      if (found === undefined) throw noSuchDomain(domain);
      life.rename(found, checkedName(name));
      return null;
    },
  };
}

function notHalted({ name }: XendDomain): XmError {
  return new XmError('EBUSY', `Domain '${name}' is not halted`, {
    hint: `'xm shutdown ${name}' or 'xm destroy ${name}' ends it`,
  });
}

function suspended(name: string): XmError {
  return new XmError('ESUSPENDED', `Domain '${name}' is suspended`, { hint: `'xm resume ${name}' lets it go on` });
}

function unmanaged(name: string): XmError {
  return new XmError('EUNMANAGED', `Domain '${name}' is not managed by Xend lifecycle support`, {
    hint: "'xm new' makes xend keep a domain",
  });
}
