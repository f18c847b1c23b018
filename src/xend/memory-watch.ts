// SPDX-License-Identifier: Apache-2.0
import type { Worker } from 'node:worker_threads';
import type { Watched } from '../domain/memory-watch.ts';
import type { XendContext } from './context.ts';
import { shareMemory } from './memory.ts';

/** MB that a thread of a pool may have without any domain. */
const THREAD = 64;
/** Findings that follow each other so closely are of the same memory, milliseconds. */
const AGAIN = 2000;

/**
 * The threads whose memory is watched: those that hold one domain, but for Domain-0's, and those that hold many. Who takes more
 * than its domains have is ended.
 */
export function* watchedThreads(context: XendContext): Iterable<Watched> {
  yield* watchedDomains(context);
  yield* watchedPools(context);
}

/** When a thread of the pool was found to have too much, milliseconds. */
const foundAt = new WeakMap<Worker, number>();

/** Twice in a row: the buffers of domains that have just ended are taken for theirs who are left. */
function isFoundAgain(worker: Worker): boolean {
  const now = performance.now();
  const again = now - (foundAt.get(worker) ?? Number.NEGATIVE_INFINITY) < AGAIN;
  foundAt.set(worker, now);
  return again;
}

function* watchedPools({ domains, pools, log }: XendContext): Iterable<Watched> {
  for (const thread of pools.active().flatMap((pool) => pool.threads())) {
    const limit = { heap: THREAD, all: THREAD };
    for (const domid of thread.domids) {
      const config = domains.get(domid)?.config;
      if (config === undefined) continue;
      limit.heap += shareMemory(config).heap;
      limit.all += config.memory;
    }
    yield {
      worker: thread.worker,
      ...limit,
      exceeded(used) {
        if (thread.domids.size === 0 || !isFoundAgain(thread.worker)) return;
        const has = `${thread.domids.size} domains and ${limit.heap} MB of heap`;
        log.write('ERROR', `Thread ${thread.name} has ${has} and uses ${used}: it is ended`);
        thread.fail(`out of memory: ${used}`);
      },
    };
  }
}

function* watchedDomains({ domains, log }: XendContext): Iterable<Watched> {
  for (const domain of domains.values()) {
    const { domid, name, config, thread } = domain;
    if (domid === 0 || thread === undefined || thread.shared || domain.control === undefined) continue;
    yield {
      worker: thread.worker,
      heap: shareMemory(config).heap,
      all: config.memory,
      exceeded(used) {
        if (domain.control === undefined) return;
        const text = `Domain ${name} (id=${domid}) has ${config.memory} MB of memory and uses ${used}: it is ended`;
        log.write('ERROR', text);
        domain.shutdownReason = `crash: out of memory: ${used}`;
        void thread.kill();
      },
    };
  }
}
