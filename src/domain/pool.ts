// SPDX-License-Identifier: Apache-2.0
import type { Worker } from 'node:worker_threads';
import type { DomId } from '../hv/contract.ts';
import { type Board, createSharedInfo, MAX_PORTS, type Seat } from '../hv/shared-info.ts';
import type { DomainDoors } from './boot.ts';
import { type DomainSpec, type DomainThread, endOf, readablePaths, startWorker, type ThreadEnd } from './launch.ts';
import { linesOf, OFFICE, type PoolNews, type PoolOrder, type PoolThreadData } from './pool-messages.ts';
import { createTrunk } from './trunk.ts';

/** Domains that a thread holds at once: as many as its board has seats. */
const MAX_SEATS = MAX_PORTS;
/** Domains that a thread holds in its life. A module that was imported stays until the thread ends. */
const MAX_LIVES = 4 * MAX_SEATS;

/** A place for a domain in a thread of a pool. */
export interface LightPlace {
  readonly seat: Seat;
  /** Our ends of the domain's lines. */
  readonly doors: DomainDoors;
  /** Starts the domain there. */
  launch(spec: DomainSpec): DomainThread;
}

/** A thread that holds many domains. Its end is the end of all of them. */
export interface PoolThread {
  readonly worker: Worker;
  readonly name: string;
  /** Domains that it holds now. */
  readonly domids: ReadonlySet<DomId>;
  /** Whether it takes another one. */
  readonly open: boolean;
  readonly ended: Promise<ThreadEnd>;
  /** Takes a place for a domain, which has to be launched there. */
  place(domid: DomId): LightPlace;
  /** Whether it answers within `limit` milliseconds. */
  answers(limit: number): Promise<boolean>;
  /** Ends it, and so all its domains, for a reason that is theirs too. */
  fail(reason: string): void;
}

/**
 * Starts a thread of a pool.
 *
 * @param heapMB V8's limit of the JavaScript heap
 * @param patience milliseconds that it may take to let go of a domain
 */
export function startPoolThread(name: string, heapMB: number, patience: number): PoolThread {
  const board: Board = createSharedInfo();
  const workerData: PoolThreadData = { board };
  const worker = startWorker('domain/pool-thread', name, ['*'], heapMB, { workerData });
  const trunk = createTrunk(worker);
  const office = trunk.open(OFFICE);
  const domids = new Set<DomId>();
  const running = new Map<DomId, (end: ThreadEnd) => void>();
  const slots: number[] = Array.from({ length: MAX_SEATS }, (_, index) => MAX_SEATS - 1 - index);
  const pings = new Map<number, () => void>();
  let reason: string | undefined;
  let over = false;
  let lives = 0;
  let lastPing = 0;

  const order = (message: PoolOrder): void => office.postMessage(message);

  function fail(why: string): void {
    reason ??= why;
    over = true;
    void worker.terminate();
  }

  const ended = endOf(worker).then((end) => {
    over = true;
    const why = reason ?? end.error?.message ?? `exit status ${end.exitCode}`;
    const error = new Error(`thread ${name} of its pool ended: ${why}`);
    for (const settle of running.values()) settle({ exitCode: end.exitCode, error });
    running.clear();
    trunk.end();
    return end;
  });

  office.on('message', (news: PoolNews) => {
    if ('here' in news) pings.get(news.here)?.();
    else if ('lost' in news) reason ??= news.lost;
    else {
      const { ended: domid, exitCode, failure } = news;
      const error = failure && Object.assign(new Error(failure.message), { stack: failure.stack });
      running.get(domid)?.({ exitCode, error });
      running.delete(domid);
    }
  });

  async function answers(limit: number): Promise<boolean> {
    const ping = ++lastPing;
    const answer = new Promise<boolean>((resolve) => {
      const timer = setTimeout(resolve, limit, false);
      pings.set(ping, () => {
        clearTimeout(timer);
        resolve(true);
      });
    });
    order({ ping });
    return answer.finally(() => pings.delete(ping));
  }

  function launch({ kernel, ...domain }: DomainSpec, slot: number): DomainThread {
    const { domid } = domain.memory;
    if (kernel === undefined) throw new Error('a domain without kernel has a thread of its own');
    const gone = new Promise<ThreadEnd>((resolve) => running.set(domid, resolve)).finally(() => {
      domids.delete(domid);
      slots.push(slot);
    });
    order({ start: { domain, kernel, readable: readablePaths({ kernel, ...domain }) } });
    return {
      worker,
      shared: true,
      ended: gone,
      async kill() {
        order({ end: domid });
        const late = setTimeout(() => fail(`it did not let go of a domain within ${patience / 1000} s`), patience);
        await gone.finally(() => clearTimeout(late));
      },
    };
  }

  return {
    worker,
    name,
    domids,
    ended,
    fail,
    answers,
    get open() {
      return !over && slots.length > 0 && lives < MAX_LIVES;
    },
    place(domid) {
      const slot = slots.pop();
      if (slot === undefined) throw new Error(`thread ${name} has no seat`);
      lives++;
      domids.add(domid);
      const lines = linesOf(domid);
      return {
        seat: { board, slot },
        doors: {
          hypercalls: trunk.open(lines.hypercalls),
          store: trunk.open(lines.store),
          control: trunk.open(lines.control),
        },
        launch: (spec) => launch(spec, slot),
      };
    },
  };
}
