// SPDX-License-Identifier: Apache-2.0
import { availableParallelism } from 'node:os';
import { V8_HEAP } from '../domain/memory-watch.ts';
import { type LightPlace, type PoolThread, startPoolThread } from '../domain/pool.ts';
import type { DomId } from '../hv/contract.ts';
import type { XendOptions } from './context.ts';
import type { Log } from './log.ts';

/** How long a thread may be held up, milliseconds, unless the supervisor says otherwise. */
const PATIENCE = 10_000;
/** How often it is looked whether a thread is held up, milliseconds. */
const TICK = 1000;

/** A set of threads, each of which holds many domains: where those with `(pool shared)` live. */
export interface Pool {
  /** The threads that run; they start when they are needed. */
  threads(): readonly PoolThread[];
  /** Takes a place for a domain in the thread that has the fewest. */
  place(domid: DomId): LightPlace;
  /** Ends all threads, and all domains that are there. */
  stop(): Promise<void>;
}

/** @param name of the pool; its threads have numbers after it */
export function createPool(name: string, { poolThreads, poolPatience }: XendOptions, log: Log): Pool {
  const size = poolThreads ?? availableParallelism();
  const patience = poolPatience ?? PATIENCE;
  const threads = new Set<PoolThread>();
  /** Milliseconds for which a thread had nothing to do when it was last looked at; undefined while it is asked. */
  const rested = new WeakMap<PoolThread, number | undefined>();
  let started = 0;

  function start(): PoolThread {
    const thread = startPoolThread(`${name}/${++started}`, V8_HEAP, patience);
    threads.add(thread);
    log.write('INFO', `Pool ${name}: thread ${thread.name} started`);
    void thread.ended.then(() => {
      threads.delete(thread);
      log.write('INFO', `Pool ${name}: thread ${thread.name} ended`);
    });
    return thread;
  }

  /** A thread that has had too many lives goes with its last domain. */
  function retire(): void {
    for (const thread of threads) if (!thread.open && thread.domids.size === 0) void thread.worker.terminate();
  }

  /** An idle thread is never woken for this: only one that did not rest is asked whether it is still there. */
  async function look(thread: PoolThread): Promise<void> {
    const { idle } = thread.worker.performance.eventLoopUtilization();
    const held = rested.has(thread) && rested.get(thread) === idle;
    if (rested.has(thread) && rested.get(thread) === undefined) return;
    rested.set(thread, held ? undefined : idle);
    if (!held) return;
    const there = await thread.answers(patience);
    rested.set(thread, idle);
    if (!there) thread.fail(`one of its domains held it up for ${patience / 1000} s`);
  }

  const timer = setInterval(() => {
    retire();
    for (const thread of threads) if (thread.domids.size > 0) void look(thread);
  }, TICK);
  timer.unref();

  return {
    threads: () => [...threads],
    place(domid) {
      const open = [...threads].filter((thread) => thread.open).sort((a, b) => a.domids.size - b.domids.size);
      const [least] = open;
      const thread = least !== undefined && (least.domids.size === 0 || open.length >= size) ? least : start();
      return thread.place(domid);
    },
    async stop() {
      clearInterval(timer);
      await Promise.all([...threads].map(({ worker }) => worker.terminate()));
    },
  };
}
