// SPDX-License-Identifier: Apache-2.0
import type { DomainStats, RingStats, Stats } from '../../../src/xend/contract.ts';

/** One domain as xend would count it. */
export function domainStats(domid: number, name: string, more: Partial<DomainStats> = {}): DomainStats {
  return {
    domid,
    name,
    uuid: `00000000-0000-0000-0000-${String(domid).padStart(12, '0')}`,
    memory: 64,
    vcpus: 1,
    state: '-b----',
    cpuTime: 10,
    startTime: 1_790_000_000,
    uptime: 60,
    memoryUsed: 8192,
    extents: 4,
    ports: 3,
    grants: 2,
    devices: {},
    ...more,
  };
}

/** One request ring. */
export function ringStats(domid: number, device: string, more: Partial<RingStats> = {}): RingStats {
  return {
    domid,
    device,
    direction: 'front>back',
    size: 32,
    used: 0,
    reqProd: 0,
    reqCons: 0,
    rspProd: 0,
    rspCons: 0,
    backId: 0,
    class: 'vbd',
    evtchn: 3,
    backEvtchn: 7,
    notifyFront: 0,
    notifyBack: 0,
    lastProgress: 0,
    ...more,
  };
}

/** A machine of 1 GiB at 09:05:07. */
export function stats(domains: readonly DomainStats[], rings: readonly RingStats[] = [], seconds = 0): Stats {
  const start = new Date(2026, 10, 21, 9, 5, 7).getTime();
  return {
    time: start + seconds * 1000,
    memoryTotal: 1_048_576,
    memoryFree: 786_432,
    cpus: 2,
    mhz: 2400,
    domains,
    rings,
  };
}

/** Two domains, the second with a disk and a console, two seconds apart. */
export const before = stats(
  [domainStats(0, 'Domain-0', { state: 'r-----', cpuTime: 100 }), domainStats(1, 'demo')],
  [ringStats(1, 'xvda', { reqProd: 1000, rspProd: 1000, notifyFront: 100, notifyBack: 100 })],
);
export const after = stats(
  [
    domainStats(0, 'Domain-0', { state: 'r-----', cpuTime: 101 }),
    domainStats(1, 'demo', { devices: { vbd: { count: 1, rd: 900, wr: 100, rsect: 7200, wsect: 800 } } }),
  ],
  [
    ringStats(1, 'xvda', { used: 8, reqProd: 1400, rspProd: 1392, notifyFront: 140, notifyBack: 139 }),
    ringStats(1, 'console', { direction: 'out', size: 2048, reqProd: 5_000_000 }),
  ],
  2,
);
