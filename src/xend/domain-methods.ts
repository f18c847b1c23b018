// SPDX-License-Identifier: Apache-2.0
import { consoleSocket } from '../devices/console/socket.ts';
import { XmError } from '../errors.ts';
import { timeLeft } from './build.ts';
import { requireConfigs } from './check.ts';
import { consoleLog } from './console-log.ts';
import type { XendContext } from './context.ts';
import type { XendMethods } from './contract.ts';
import type { XendDomain } from './domain.ts';
import { sendSysrq, sendTrigger } from './interrupts.ts';
import { type Lifecycle, SHUTDOWN_LIMIT } from './lifecycle.ts';
import { selectKnown } from './lookup.ts';
import { setMaxMemory, setMemory } from './memory-change.ts';
import { refreshUsage } from './usage.ts';
import { domainInfo, listedInfo } from './views.ts';

type DomainMethod =
  | 'domain.create'
  | 'domain.list'
  | 'domain.all'
  | 'domain.pause'
  | 'domain.unpause'
  | 'domain.shutdown'
  | 'domain.destroy'
  | 'domain.setMemory'
  | 'domain.setMaxMemory'
  | 'domain.reset'
  | 'domain.sysrq'
  | 'domain.trigger'
  | 'domain.console'
  | 'domain.consoleLog';

/** The methods that are about domains, beside those in `managed-methods.ts` and `keeping-methods.ts`. */
export function createDomainMethods(context: XendContext, life: Lifecycle): Pick<XendMethods, DomainMethod> {
  const { classes, domains, paths } = context;

  const named = (names: readonly string[] | undefined): readonly XendDomain[] =>
    names === undefined || names.length === 0
      ? [...domains.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
      : names.map(life.find);

  return {
    async 'domain.create'(params) {
      const { configs, report } = await requireConfigs(params, classes);
      const made: XendDomain[] = [];
      try {
        const left = timeLeft(params.timeout);
        for (const config of configs) made.push(await life.create(config, params.paused === true, left()));
      } catch (error) {
        await Promise.all(made.map(life.destroy));
        throw error;
      }
      return { domains: made.map((domain) => domainInfo(context, domain)), report };
    },
    async 'domain.list'({ names }) {
      const wanted = named(names);
      await refreshUsage(context);
      return wanted.map((domain) => domainInfo(context, domain));
    },
    async 'domain.all'({ names }) {
      const wanted = selectKnown(context, names);
      await refreshUsage(context);
      return wanted.map((known) => listedInfo(context, known));
    },
    async 'domain.pause'({ domain }) {
      life.pause(life.find(domain));
      return null;
    },
    async 'domain.unpause'({ domain }) {
      life.unpause(life.find(domain));
      return null;
    },
    async 'domain.shutdown'({ domain, reason, wait, timeout }) {
      const found = life.find(domain);
      // Of its next life; one that is kept gets another.
      const { uuid, settled } = found;
      life.shutdown(found, reason, timeout ?? SHUTDOWN_LIMIT);
      if (wait !== true) return { done: false, again: false };
      const failure = await settled.promise;
      if (failure !== undefined) throw failure;
      const runs = (other: XendDomain) => other.uuid === uuid && other.phase === 'running';
      const { forced } = found;
      return { done: true, again: [...domains.values()].some(runs), ...(forced === undefined ? {} : { forced }) };
    },
    async 'domain.destroy'({ domain }) {
      await life.destroy(life.find(domain));
      return null;
    },
    async 'domain.setMemory'({ domain, memory }) {
      await setMemory(context, life.find(domain), memory);
      return null;
    },
    async 'domain.setMaxMemory'({ domain, memory }) {
      setMaxMemory(context, life.find(domain), memory);
      return null;
    },
    async 'domain.reset'({ domain }) {
      await life.reset(life.find(domain));
      return null;
    },
    async 'domain.sysrq'({ domain, letter }) {
      await sendSysrq(life.find(domain), letter);
      return null;
    },
    async 'domain.trigger'({ domain, trigger, vcpu = 0 }) {
      await sendTrigger(life, life.find(domain), trigger, vcpu);
      return null;
    },
    async 'domain.console'({ domain }) {
      const { domid, name, phase } = life.find(domain);
      if (domid === 0) throw new XmError('ENOCONSOLE', `Domain '${name}' has no console`);
      if (phase === 'dying' || phase === 'shutdown' || phase === 'crashed') {
        throw new XmError('ENOTRUNNING', `Domain '${name}' is not running`, {
          hint: `'xm console --log ${name}' prints what it said`,
        });
      }
      return { path: consoleSocket(paths.runDir, domid), domid, name };
    },
    'domain.consoleLog': async ({ domain }) => consoleLog(life.find(domain)),
  };
}
