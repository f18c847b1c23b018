// SPDX-License-Identifier: Apache-2.0
import { V8_HEAP } from '../domain/memory-watch.ts';
import { type LightPlace, type PoolThread, startPoolThread } from '../domain/pool.ts';
import { XmError } from '../errors.ts';
import type { DomId } from '../hv/contract.ts';
import type { XendOptions } from './context.ts';
import type { Log } from './log.ts';

/** How long a thread may be held up, milliseconds, unless the supervisor says otherwise. */
const PATIENCE = 10_000;
/** How often it is looked whether a thread is held up, milliseconds. */
const TICK = 1000;

/** A set of threads, each of which holds many domains: where those with `(pool NAME)` live. */
export interface Pool {
  /** Numbers of the threads that it may have, in order. */
  readonly numbers: readonly number[];
  /** The threads that run; they start when they are needed. */
  threads(): readonly PoolThread[];
  /** Takes a place for a domain in the thread that has the fewest. */
  place(domid: DomId): LightPlace;
  /** Lets it have one thread more. @throws XmError `EEXIST` if it may have that one already */
  add(number: number): void;
  /** Takes a thread from it, which has to be without domains. @throws XmError `ENOTHREAD`, `EBUSY` */
  remove(number: number): Promise<void>;
  /** Ends all threads, and all domains that are there. */
  stop(): Promise<void>;
}

/**
 * @param name of the pool; its threads have numbers after it
 * @param numbers of the threads that it may have
 */
export function createPool(name: string, numbers: Iterable<number>, { poolPatience }: XendOptions, log: Log): Pool {
  const patience = poolPatience ?? PATIENCE;
  const threads = new Set<PoolThread>();
  /** The last thread of each number, if it had one. */
  const seats = new Map<number, PoolThread | undefined>([...numbers].map((number) => [number, undefined]));
  /** Milliseconds for which a thread had nothing to do when it was last looked at; undefined while it is asked. */
  const rested = new WeakMap<PoolThread, number | undefined>();

  function start(number: number): PoolThread {
    const thread = startPoolThread(`${name}/${number}`, V8_HEAP, patience);
    threads.add(thread);
    seats.set(number, thread);
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

  const numbered = (): number[] => [...seats.keys()].sort((a, b) => a - b);

  return {
    get numbers() {
      return numbered();
    },
    threads: () => [...threads],
    place(domid) {
      const open = [...seats.values()].flatMap((thread) => (thread?.open ? thread : []));
      const [least] = open.sort((a, b) => a.domids.size - b.domids.size);
      const free = numbered().find((number) => !seats.get(number)?.open);
      const thread = free === undefined || least?.domids.size === 0 ? least : start(free);
      // There is a number, and so there is a thread or a place for one.
      return thread!.place(domid);
    },
    add(number) {
      if (seats.has(number)) throw new XmError('EEXIST', `Pool '${name}' has a thread ${number} already`);
      seats.set(number, undefined);
    },
    async remove(number) {
      if (!seats.has(number)) throw new XmError('ENOTHREAD', `Pool '${name}' has no thread ${number}`);
      if (seats.size === 1) throw new XmError('EBUSY', `Pool '${name}' would have no thread`);
      const domains = seats.get(number)?.domids.size ?? 0;
      if (domains > 0) {
        const text = `Thread ${number} of pool '${name}' has ${domains} domain${domains === 1 ? '' : 's'}, which cannot leave it`;
        throw new XmError('EBUSY', text);
      }
      const thread = seats.get(number);
      seats.delete(number);
      await thread?.worker.terminate();
    },
    async stop() {
      clearInterval(timer);
      await Promise.all([...threads].map(({ worker }) => worker.terminate()));
    },
  };
}
