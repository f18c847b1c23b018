// SPDX-License-Identifier: Apache-2.0
import type { Worker } from 'node:worker_threads';
import type { XendContext } from './context.ts';
import type { XendDomain } from './domain.ts';
import { shareMemory } from './memory.ts';

/** How often domains that do something are looked at, milliseconds. */
const TICK = 200;
/** Milliseconds of work in a tick below which a domain cannot have allocated much. */
const IDLE = TICK / 20;
/** MB that a domain may have beyond its limit, as it goes on while it is measured. */
const LEEWAY = 16;
const MB = 2 ** 20;

/**
 * V8's own limit for a domain's heap, MB: what no thread can reach between two looks. It is not the domain's limit, since V8
 * ends the whole process, not the thread, when a single allocation goes beyond it by 16 MB, as when a large array grows.
 */
export const V8_HEAP = 4096;

/** What a domain has, or may have: bytes of JavaScript heap, and with the buffers beside it. */
interface Usage {
  readonly heap: number;
  readonly all: number;
}

async function measure(worker: Worker): Promise<Usage> {
  const { used_heap_size: heap, external_memory: buffers } = await worker.getHeapStatistics();
  return { heap, all: heap + buffers };
}

/** Collects a thread's garbage whatever it does: what of a profile is wanted here is that it begins with that. */
async function collect(worker: Worker): Promise<void> {
  const profile = await worker.startHeapProfile({ sampleInterval: 2 ** 30, stackDepth: 1, forceGC: true });
  await profile.stop();
}

const within = (usage: Usage, limit: Usage): boolean => usage.heap <= limit.heap && usage.all <= limit.all;

/**
 * Ends domains that take more memory than they have. An idle domain is never woken for this.
 *
 * @returns the end of it
 */
export function watchMemory({ domains, log }: XendContext): () => void {
  /** Milliseconds for which a domain's thread had worked when it was last looked at; infinite while it is measured. */
  const worked = new WeakMap<XendDomain, number>();

  async function look(domain: XendDomain, worker: Worker): Promise<void> {
    const { config, name, domid } = domain;
    const { active } = worker.performance.eventLoopUtilization();
    if (active - (worked.get(domain) ?? 0) < IDLE) return;
    worked.set(domain, Number.POSITIVE_INFINITY);
    const limit: Usage = { heap: (shareMemory(config.memory).heap + LEEWAY) * MB, all: (config.memory + LEEWAY) * MB };
    let usage = await measure(worker);
    if (!within(usage, limit)) {
      await collect(worker);
      usage = await measure(worker);
    }
    worked.set(domain, active);
    if (within(usage, limit) || domain.control === undefined) return;
    const used = `${Math.round(usage.heap / MB)} MB of heap, ${Math.round((usage.all - usage.heap) / MB)} MB of buffers`;
    log.write('ERROR', `Domain ${name} (id=${domid}) has ${config.memory} MB of memory and uses ${used}: it is ended`);
    domain.shutdownReason = `crash: out of memory: ${used}`;
    void domain.thread?.kill();
  }

  const timer = setInterval(() => {
    for (const domain of domains.values()) {
      if (domain.domid === 0 || domain.thread === undefined || domain.control === undefined) continue;
      // A thread that ends meanwhile does not answer.
      look(domain, domain.thread.worker).catch(() => {});
    }
  }, TICK);
  timer.unref();
  return () => clearInterval(timer);
}
