// SPDX-License-Identifier: Apache-2.0
import type { Worker } from 'node:worker_threads';
import type { Hypervisor } from '../hv/hypervisor.ts';
import type { XendContext } from './context.ts';
import type { XendDomain } from './domain.ts';

/** Longest wait for a thread to say what it used, milliseconds; after it the last known figure is shown. */
const USAGE_LIMIT = 100;

/** What was known of a thread that domains share at the last look: its CPU seconds, and each domain's events. */
interface Account {
  cpu: number;
  events: ReadonlyMap<XendDomain, number>;
}

const accounts = new WeakMap<Worker, Account>();

/** What a thread says of itself. A thread in an endless loop answers too. */
interface ThreadUsage {
  /** Seconds. */
  readonly cpu: number;
  readonly heapBytes: number;
  /** Whether its loop did not rest while it was asked. */
  readonly busy: boolean;
}

/**
 * Asks the threads what CPU time and heap they used. What a thread used that domains share is divided among them by the events
 * that each sent and received meanwhile: an estimate, but the sum is right.
 */
export async function refreshUsage({ hv, domains }: XendContext): Promise<void> {
  const threads = Map.groupBy(
    [...domains.values()].filter(({ thread, control }) => thread !== undefined && control !== undefined),
    ({ thread }) => thread!.worker,
  );
  await Promise.all(
    [...threads].map(async ([worker, residents]) => {
      const usage = await ask(worker);
      if (usage === undefined) return;
      if (residents[0]!.thread?.shared) divide(hv, worker, residents, usage);
      else Object.assign(residents[0]!, { cpuTime: usage.cpu, heapBytes: usage.heapBytes, busy: usage.busy });
    }),
  );
}

async function ask(worker: Worker): Promise<ThreadUsage | undefined> {
  const asked = (async () => {
    const idle = idleTime(worker);
    const [cpu, heap] = await Promise.all([worker.cpuUsage(), worker.getHeapStatistics()]);
    return {
      cpu: (cpu.user + cpu.system) / 1e6,
      heapBytes: heap.used_heap_size + heap.external_memory,
      busy: idleTime(worker) === idle,
    };
  })().catch(() => undefined);
  const limit = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => limit.resolve(undefined), USAGE_LIMIT);
  const usage = await Promise.race([asked, limit.promise]);
  clearTimeout(timer);
  return usage;
}

/** Milliseconds for which a thread's loop had nothing to do, those of now included. */
const idleTime = (worker: Worker): number => worker.performance.eventLoopUtilization().idle;

function divide(hv: Hypervisor, worker: Worker, residents: readonly XendDomain[], { cpu }: ThreadUsage): void {
  const account = accounts.get(worker) ?? { cpu: 0, events: new Map() };
  const events = new Map(residents.map((domain) => [domain, eventsOf(hv, domain)]));
  const moved = residents.map((domain) => Math.max(0, events.get(domain)! - (account.events.get(domain) ?? 0)));
  const all = moved.reduce((sum, count) => sum + count, 0);
  residents.forEach((domain, index) => {
    const share = all > 0 ? moved[index]! / all : 1 / residents.length;
    domain.cpuTime += (cpu - account.cpu) * share;
  });
  accounts.set(worker, { cpu, events });
}

function eventsOf(hv: Hypervisor, { domid }: XendDomain): number {
  return hv.inspectPorts(domid).reduce((sum, { sent, received }) => sum + sent + received, 0);
}
