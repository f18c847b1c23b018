// SPDX-License-Identifier: Apache-2.0
import { cpus, freemem, totalmem } from 'node:os';
import { PAGE_SIZE } from '../hv/contract.ts';
import type { XendContext } from './context.ts';
import type { DomainStats, Stall, Stats } from './contract.ts';
import type { XendDomain } from './domain.ts';
import { ringStats } from './rings.ts';
import { refreshUsage } from './usage.ts';
import { domainInfo } from './views.ts';

/** One sample for `xm top`, all of it read from shared memory and from the threads' accounts: no domain does anything for it. @param stalls found now */
export async function takeStats(context: XendContext, stalls: readonly Stall[]): Promise<Stats> {
  const domains = [...context.domains.values()];
  await refreshUsage(context);
  return {
    time: Date.now(),
    memoryTotal: Math.floor(totalmem() / 1024),
    memoryFree: Math.floor(freemem() / 1024),
    cpus: cpus().length,
    mhz: cpus()[0]?.speed ?? 0,
    domains: domains.map((domain) => domainStats(context, domain)),
    rings: ringStats(context),
    stalls,
  };
}

function domainStats(context: XendContext, domain: XendDomain): DomainStats {
  const usage = context.hv.usage(domain.domid);
  const pages = (usage?.pages ?? 0) * PAGE_SIZE;
  const devices: Record<string, Record<string, number>> = {};
  for (const { class: deviceClass, counters } of domain.devices.values()) {
    devices[deviceClass.name] ??= { count: 0 };
    const sums = devices[deviceClass.name]!;
    sums.count = (sums.count ?? 0) + 1;
    deviceClass.counters.forEach((counter, index) => {
      sums[counter] = (sums[counter] ?? 0) + (counters[index] ?? 0);
    });
  }
  return {
    ...domainInfo(context, domain),
    memoryUsed: Math.round((pages + domain.heapBytes) / 1024),
    extents: usage?.extents ?? 0,
    ports: usage?.ports ?? 0,
    grants: usage?.grants ?? 0,
    devices,
  };
}
