// SPDX-License-Identifier: Apache-2.0
import type { XendContext } from './context.ts';
import type { DeviceInfo, DomainInfo, ListedDomain } from './contract.ts';
import type { Device } from './device.ts';
import { stateLetters, type XendDomain } from './domain.ts';
import { isThere, type Known } from './lookup.ts';
import { backPath, frontPath, XENBUS_STATE } from './mirror.ts';
import { isSuspended } from './suspended-file.ts';

/** Virtual processors that a domain has online, whatever its configuration says: a domain is one thread. */
export const ONLINE_VCPUS = 1;

/** A domain as `xm list` shows it. */
export function listedInfo(context: XendContext, known: Known): ListedDomain {
  if (isThere(known)) return domainInfo(context, known);
  const { name, memory, vcpus, pool } = known.config;
  const dormant = { name, uuid: known.uuid, memory, vcpus, pool, state: '', cpuTime: 0, managed: true } as const;
  return isSuspended(context, known.uuid) ? { ...dormant, suspended: true } : dormant;
}

export function domainInfo({ hv, managed }: XendContext, domain: XendDomain): DomainInfo {
  const { domid, name, uuid, config, startTime, shutdownReason, phase } = domain;
  // Domain-0 answers this very question: it runs, as it always did in `xm list`.
  const blocked = domid !== 0 && hv.domids().includes(domid) && hasBlocked(hv, domain);
  return {
    domid,
    name,
    uuid,
    // Domain-0 has no quota: it is what the supervisor's process takes.
    memory: domid === 0 ? Math.round(process.memoryUsage.rss() / 2 ** 20) : config.memory,
    vcpus: ONLINE_VCPUS,
    pool: config.pool,
    state: stateLetters(domain, blocked),
    phase,
    ...(domain.preserved ? { preserved: true } : {}),
    cpuTime: domain.cpuTime,
    startTime,
    uptime: Math.round(Date.now() - startTime * 1000) / 1000,
    ...(shutdownReason !== undefined && phase !== 'running' ? { shutdownReason } : {}),
    ...(managed.find(uuid) === undefined ? {} : { managed: true }),
  };
}

/** One that waited for events when something else woke it may not have come back since. */
function hasBlocked(hv: XendContext['hv'], { domid, busy }: XendDomain): boolean {
  return hv.isBlocked(domid) && (!busy || hv.isWaiting(domid));
}

export function deviceInfo(device: Device): DeviceInfo {
  const { class: deviceClass, devid, name, config, front, back, connection, state, unservedSince } = device;
  return {
    class: deviceClass.name,
    domid: front.domid,
    devid,
    name,
    backendId: back.domid,
    handle: devid,
    state: XENBUS_STATE[state],
    evtchn: connection?.evtchn ?? -1,
    ringRef: connection?.frames[0] ?? -1,
    ...(unservedSince === undefined
      ? {}
      : { waits: { domain: back.name, gone: back.lost.aborted, age: Date.now() - unservedSince } }),
    frontPath: frontPath(device),
    backPath: backPath(device),
    config,
  };
}
