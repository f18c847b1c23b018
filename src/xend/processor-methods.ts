// SPDX-License-Identifier: Apache-2.0
import type { VmConfig } from '../config/contract.ts';
import { MAX_VCPUS } from '../config/fields.ts';
import { DEDICATED } from '../config/pool-name.ts';
import { MIN_OWN_MEMORY } from '../config/read.ts';
import { noSuchDomain, XmError } from '../errors.ts';
import { readPool } from './check.ts';
import type { XendContext } from './context.ts';
import type { XendMethods } from './contract.ts';
import { isThere, type Known, lookUp, requireThere } from './lookup.ts';
import type { ManagedDomain } from './managed.ts';
import { listThreads } from './os-threads.ts';
import { isSuspended } from './suspended-file.ts';
import { refreshUsage } from './usage.ts';
import { hostCpus, pinVcpu, setVcpus, vcpusOf } from './vcpus.ts';

type ProcessorMethod = Extract<keyof XendMethods, `vcpu.${string}` | `pool.${string}`>;

/** The methods about what domains run on: virtual processors, which are threads, and pools of these. */
export function createProcessorMethods(context: XendContext): Pick<XendMethods, ProcessorMethod> {
  const { domains, managed, pools, log } = context;
  const running = (word: string) => requireThere(context, word);

  function known(word: string): Known {
    const found = lookUp(context, word);
    if (found === undefined) throw noSuchDomain(word);
    return found;
  }

  /** Changes what one starts with that is kept and not there. */
  function change({ uuid, config }: ManagedDomain, changes: Partial<VmConfig>): void {
    if (isSuspended(context, uuid)) throw new XmError('ESUSPENDED', `Domain '${config.name}' is suspended`);
    managed.keep({ uuid, config: { ...config, ...changes } });
    log.write('INFO', `Domain ${config.name} (${uuid}) starts with ${JSON.stringify(changes)}`);
  }

  return {
    async 'vcpu.list'({ names = [] }) {
      const wanted =
        names.length > 0 ? names.map(running) : [...domains.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
      await refreshUsage(context);
      const threads = listThreads();
      return { vcpus: wanted.flatMap((domain) => vcpusOf(context, domain, threads)), cpus: hostCpus() };
    },
    async 'vcpu.pin'({ domain, vcpu, cpus }) {
      await pinVcpu(running(domain), vcpu, cpus);
      return null;
    },
    async 'vcpu.set'({ domain, count }) {
      const found = known(domain);
      if (isThere(found)) setVcpus(found, count);
      else if (count < 1) throw new XmError('EINVAL', 'Zero or less VCPUs is invalid');
      else if (count > MAX_VCPUS) throw new XmError('EINVAL', `More than ${MAX_VCPUS} VCPUs are invalid`);
      else change(found, { vcpus: count });
      return null;
    },
    'pool.list': async ({ names }) => pools.list(names),
    async 'pool.create'({ kept, variables, ...text }) {
      return pools.create(readPool(text, variables ?? []), kept === true);
    },
    'pool.start': async ({ pool }) => pools.start(pool),
    async 'pool.destroy'({ pool }) {
      await pools.destroy(pool);
      return null;
    },
    async 'pool.delete'({ pool }) {
      pools.delete(pool);
      return null;
    },
    async 'pool.addThread'({ pool, number }) {
      pools.addThread(pool, number);
      return null;
    },
    async 'pool.removeThread'({ pool, number }) {
      await pools.removeThread(pool, number);
      return null;
    },
    async 'pool.migrate'({ domain, pool }) {
      const found = known(domain);
      pools.list([pool]);
      if (found.config.pool === pool) return null;
      if (isThere(found)) {
        throw new XmError('ENOTSUP', `Domain '${found.name}' cannot leave its thread while it runs`, {
          hint: `with (pool ${pool}) in its configuration it starts there`,
        });
      }
      requirePlace(found.config, pool);
      change(found, { pool });
      return null;
    },
  };
}

/** @throws XmError for a domain that could not start in the pool */
function requirePlace({ name, memory, backends }: VmConfig, pool: string): void {
  if (pool !== DEDICATED && backends.length > 0) {
    throw new XmError('EINVAL', `Domain '${name}' serves back ends, which a domain with (pool ${pool}) does not`);
  }
  if (pool === DEDICATED && memory < MIN_OWN_MEMORY) {
    throw new XmError('EINVAL', `Domain '${name}' needs ${MIN_OWN_MEMORY} MB of memory for a thread of its own`);
  }
}
