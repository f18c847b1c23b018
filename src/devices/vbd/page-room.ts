// SPDX-License-Identifier: Apache-2.0
import { type FrameVector, type Hypercalls, PAGE_SIZE } from '../../hv/contract.ts';
import type { LocalBuffer } from '../../idc/buffers/contract.ts';
import type { PagePool } from '../../idc/buffers/pages.ts';
import type { RemoteBuffers } from '../../idc/remote-contract.ts';

/** What a back end works with. */
export interface Means {
  readonly buffers: RemoteBuffers;
  readonly hypercalls: Pick<Hypercalls, 'frames' | 'memory'>;
}

/** Hidden pages of a domain for one purpose. */
export interface PageRoom {
  /** @param done gets pages of zeros, at once if there are some; undefined beyond the limit, or when the domain has few left */
  take(length: number, done: (pages: LocalBuffer<FrameVector> | undefined) => void): void;
  /** Gives back what was taken, once. */
  give(pages: LocalBuffer<FrameVector>): void;
}

/**
 * Pages that are taken from the domain at once, as they are needed, and at most half of what it has left: a pool stays until
 * the domain's end, and others need some too.
 */
const STEP = 1024;

/** @param most bytes, whole steps of 4 MiB */
export function createPageRoom({ buffers, hypercalls }: Means, most: number): PageRoom {
  const pools: PagePool[] = [];
  const origins = new WeakMap<FrameVector, PagePool>();
  let growing: Promise<boolean> | undefined;

  async function grow(): Promise<boolean> {
    if ((pools.length + 1) * STEP * PAGE_SIZE > most) return false;
    try {
      if ((await hypercalls.memory.left()) < 2 * STEP) return false;
      pools.push(buffers.pages.pool(await hypercalls.frames.pool(STEP)));
      return true;
    } catch {
      // Somebody else was faster, or the domain is ending.
      return false;
    } finally {
      growing = undefined;
    }
  }

  function takeNow(length: number): LocalBuffer<FrameVector> | undefined {
    for (const pool of pools) {
      const pages = pool.alloc(length);
      if (pages === undefined) continue;
      origins.set(pages.base, pool);
      return pages;
    }
    return undefined;
  }

  function take(length: number, done: (pages: LocalBuffer<FrameVector> | undefined) => void): void {
    const pages = takeNow(length);
    if (pages !== undefined) {
      done(pages);
      return;
    }
    growing ??= grow();
    void growing.then((grown) => (grown ? take(length, done) : done(undefined)));
  }

  return { take, give: (pages) => origins.get(pages.base)!.free(pages) };
}
