// SPDX-License-Identifier: Apache-2.0
import type { Worker } from 'node:worker_threads';
import type { VmConfig } from '../config/contract.ts';
import { parseCpus } from '../cpus.ts';
import { XmError } from '../errors.ts';
import type { XendContext } from './context.ts';
import type { VcpuInfo } from './contract.ts';
import type { XendDomain } from './domain.ts';
import { listThreads, type OsThreads, pinThread, placementOf, threadIdOf } from './os-threads.ts';
import { domainInfo, ONLINE_VCPUS } from './views.ts';

/** Processors on which threads may run at all: those of the supervisor's first thread. */
export function hostCpus(): readonly number[] {
  return placementOf(process.pid)?.affinity ?? [];
}

/** The virtual processors of a domain: that which its thread is, and those that its configuration has beyond it, offline. */
export function vcpusOf(context: XendContext, domain: XendDomain, threads: OsThreads): readonly VcpuInfo[] {
  const { domid, name, state, cpuTime } = domainInfo(context, domain);
  const { thread, control, config } = domain;
  const number = thread && control && threadIdOf(thread.worker, threads);
  const placement = number === undefined ? undefined : placementOf(number);
  const { cpu = -1, affinity = hostCpus() } = placement ?? {};
  const first = { vcpu: 0, online: true, cpu, running: state.includes('r'), blocked: state.includes('b'), cpuTime };
  const offline = { online: false, cpu: -1, running: false, blocked: false, cpuTime: 0 };
  const others = Array.from({ length: config.vcpus - ONLINE_VCPUS }, (_, index) => ({
    ...offline,
    vcpu: index + ONLINE_VCPUS,
  }));
  return [first, ...others].map((vcpu) => ({ domid, name, ...vcpu, affinity }));
}

/**
 * Binds the thread of a domain to processors.
 *
 * @param vcpu which of its virtual processors; all unless said
 * @param cpus all unless said
 * @throws XmError if that is not its thread alone, or not possible
 */
export async function pinVcpu(
  { name, thread, control, config }: XendDomain,
  vcpu: number | undefined,
  cpus: readonly number[] | undefined,
): Promise<void> {
  if (thread === undefined || control === undefined)
    throw new XmError('ENOTRUNNING', `Domain '${name}' is not running`);
  if (thread.shared) {
    throw new XmError('ENOTSUP', `Domain '${name}' shares its thread with others: it cannot be bound alone`, {
      hint: 'a domain with (pool dedicated) has a thread of its own',
    });
  }
  if (vcpu !== undefined && vcpu >= config.vcpus) {
    throw new XmError('EINVAL', `Domain '${name}' has no VCPU ${vcpu}`);
  }
  if (vcpu !== undefined && vcpu >= ONLINE_VCPUS) {
    throw new XmError('ENOTSUP', `VCPU ${vcpu} of domain '${name}' is offline: a domain is one thread`);
  }
  await bind(thread.worker, cpus ?? hostCpus());
}

/** Binds the thread of a domain, which has just begun, to the processors that its configuration names. */
export async function pinAsConfigured({ thread, config }: XendDomain): Promise<void> {
  const cpus = configuredCpus(config);
  if (thread !== undefined && cpus !== undefined) await bind(thread.worker, cpus);
}

/**
 * The processors that a configuration names for the one virtual processor that is online.
 *
 * @returns undefined for any
 * @throws XmError `EINVAL` if they are not there
 */
export function configuredCpus({ cpus: [list] }: Pick<VmConfig, 'cpus'>): readonly number[] | undefined {
  const cpus = list === undefined ? undefined : parseCpus(list);
  if (cpus !== undefined) requireCpus(cpus, `(cpus ${list}) asks for it`);
  return cpus;
}

function requireCpus(wanted: readonly number[], hint?: string): void {
  const here = hostCpus();
  const missing = wanted.filter((cpu) => !here.includes(cpu));
  if (missing.length === 0) return;
  const message = `There is no CPU ${missing.join(', ')} here; there are ${here.join(', ')}`;
  throw new XmError('EINVAL', message, hint === undefined ? {} : { hint });
}

async function bind(worker: Worker, cpus: readonly number[]): Promise<void> {
  requireCpus(cpus);
  const number = threadIdOf(worker, listThreads());
  if (number === undefined) throw new XmError('ENOTSUP', 'The operating system does not say which thread that is');
  await pinThread(number, cpus);
}

/**
 * Sets how many virtual processors are online, which is always one.
 *
 * @throws XmError for any other number
 */
export function setVcpus({ name, config }: XendDomain, count: number): void {
  if (count < 1) throw new XmError('EINVAL', 'Zero or less VCPUs is invalid');
  if (count > config.vcpus) {
    throw new XmError('EINVAL', 'Cannot set vcpus greater than max vcpus on running domain', {
      hint: `domain '${name}' has (vcpus ${config.vcpus})`,
    });
  }
  if (count > ONLINE_VCPUS)
    throw new XmError('ENOTSUP', `Domain '${name}' is one thread: one VCPU is all it can have online`);
}
