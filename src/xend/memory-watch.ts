// SPDX-License-Identifier: Apache-2.0
import type { Watched } from '../domain/memory-watch.ts';
import type { XendContext } from './context.ts';
import { shareMemory } from './memory.ts';

/** The domains whose memory is watched, all but Domain-0; who takes more than it has is ended. */
export function* watchedDomains({ domains, log }: XendContext): Iterable<Watched> {
  for (const domain of domains.values()) {
    const { domid, name, config, thread } = domain;
    if (domid === 0 || thread === undefined || domain.control === undefined) continue;
    yield {
      worker: thread.worker,
      heap: shareMemory(config.memory).heap,
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
