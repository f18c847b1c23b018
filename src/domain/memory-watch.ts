// SPDX-License-Identifier: Apache-2.0
import { totalmem } from 'node:os';
import type { Worker } from 'node:worker_threads';

/** How often threads that do something are looked at, milliseconds. */
const TICK = 200;
/** Milliseconds of work in a tick below which a thread cannot have allocated much. */
const IDLE = TICK / 20;
/** MB that a thread may have beyond its limit, as it goes on while it is measured. */
const LEEWAY = 16;
/**
 * How often garbage is collected before a thread is believed to need what it has: the engine counts buffers off some time
 * after it has collected them, and a thread that moves gigabytes makes new ones meanwhile.
 */
const TRIES = 12;
/** The same of the heap itself, of which the engine knows what it has: each gives the thread time to take more. */
const HEAP_TRIES = 3;
const MB = 2 ** 20;

/**
 * V8's own limit for a domain's heap, MB: what no thread can reach between two looks, and twice what a domain may have. It is not the
 * domain's limit, since V8 ends the whole process, not the thread, when a single allocation goes beyond it by 16 MB, as when a large
 * array grows, or when its heap is full while its garbage is collected for others.
 */
export const V8_HEAP = Math.max(4096, Math.floor(totalmem() / MB));

/** A thread that is watched. */
export interface Watched {
  readonly worker: Worker;
  /** MB of JavaScript heap that it may have. */
  readonly heap: number;
  /** MB that it may have with the buffers beside the heap. */
  readonly all: number;
  /** Ends it, unless it has ended meanwhile. @param used what it had, for people */
  readonly exceeded: (used: string) => void;
}

/** What a thread has, or may have, MB. */
export type Usage = Pick<Watched, 'heap' | 'all'>;

async function measure(worker: Worker): Promise<Usage> {
  const { used_heap_size: heap, external_memory: buffers } = await worker.getHeapStatistics();
  return { heap: heap / MB, all: (heap + buffers) / MB };
}

/** Collects a thread's garbage whatever it does: what of a profile is wanted here is that it begins with that. */
async function collect(worker: Worker): Promise<void> {
  const profile = await worker.startHeapProfile({ sampleInterval: 2 ** 30, stackDepth: 1, forceGC: true });
  await profile.stop();
}

const isHeapWithin = (usage: Usage, limit: Usage): boolean => usage.heap <= limit.heap + LEEWAY;

const within = (usage: Usage, limit: Usage): boolean => isHeapWithin(usage, limit) && usage.all <= limit.all + LEEWAY;

const show = ({ heap, all }: Usage): string =>
  `${Math.round(heap)} MB of heap, ${Math.round(all - heap)} MB of buffers`;

/** What a thread has, for people, if that is more than it may have once its garbage is collected. */
export async function excessOf(worker: Worker, limit: Usage): Promise<string | undefined> {
  let usage = await measure(worker);
  for (let tries = 0; !within(usage, limit); tries++) {
    if (tries >= (isHeapWithin(usage, limit) ? TRIES : HEAP_TRIES)) return show(usage);
    await collect(worker);
    usage = await measure(worker);
  }
  return undefined;
}

/**
 * Tells of threads that take more memory than they have. An idle thread is never woken for this.
 *
 * @param threads those that there are when they are looked at
 * @returns the end of it
 */
export function watchMemory(threads: () => Iterable<Watched>): () => void {
  /** Milliseconds for which a thread had worked when it was last looked at; infinite while it is measured. */
  const worked = new WeakMap<Worker, number>();

  async function look(watched: Watched): Promise<void> {
    const { worker } = watched;
    const { active } = worker.performance.eventLoopUtilization();
    if (active - (worked.get(worker) ?? 0) < IDLE) return;
    worked.set(worker, Number.POSITIVE_INFINITY);
    const used = await excessOf(worker, watched);
    worked.set(worker, active);
    if (used !== undefined) watched.exceeded(used);
  }

  const timer = setInterval(() => {
    // A thread that ends meanwhile does not answer.
    for (const watched of threads()) look(watched).catch(() => {});
  }, TICK);
  timer.unref();
  return () => clearInterval(timer);
}
