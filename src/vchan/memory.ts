// SPDX-License-Identifier: Apache-2.0
import type { DomId, Hypercalls, Mapping } from '../hv/contract.ts';
import { type Loan, takeBack } from '../idc/shared-memory.ts';
import { initPage, type Orders, pagesOf } from './layout.ts';

/** A channel's memory at the server. */
export interface LentRings {
  readonly page: Loan;
  readonly left: readonly Loan[];
  readonly right: readonly Loan[];
}

/** Fresh memory for a channel, prepared and granted to `domid`, page by page as libxenvchan has it. All or nothing. */
export async function lendRings(hypercalls: Hypercalls, domid: DomId, orders: Orders): Promise<LentRings> {
  const { memory, gnttab } = hypercalls;
  await using undo = new AsyncDisposableStack();

  async function lend(readonly: boolean, prepare?: (page: SharedArrayBuffer) => void): Promise<Loan> {
    const extent = await memory.alloc(0);
    try {
      prepare?.(extent.buffer);
      const loan = { extent, gref: await gnttab.grantAccess(domid, extent, { readonly }) };
      undo.defer(async () => void (await takeBack(hypercalls, loan)));
      return loan;
    } catch (error) {
      await memory.free(extent);
      throw error;
    }
  }
  const lendPages = (count: number, readonly: boolean): Promise<readonly Loan[]> =>
    all(Array.from({ length: count }, () => lend(readonly)));

  const left = await lendPages(pagesOf(orders.left), false);
  const right = await lendPages(pagesOf(orders.right), true);
  const [leftRefs, rightRefs] = [left, right].map((loans) => loans.map(({ gref }) => gref));
  const page = await lend(false, (shared) => initPage(shared, { orders, left: leftRefs!, right: rightRefs! }));
  undo.move();
  return { page, left, right };
}

/** What a client maps; `unmap` it all in the end. */
export interface Mappings {
  map(gref: number, options?: { readonly readonly: boolean }): Promise<SharedArrayBuffer>;
  mapAll(grefs: readonly number[], options?: { readonly readonly: boolean }): Promise<readonly SharedArrayBuffer[]>;
  unmap(): Promise<void>;
}

export function createMappings({ gnttab }: Hypercalls, domid: DomId): Mappings {
  const held: Mapping[] = [];
  async function map(gref: number, options?: { readonly readonly: boolean }): Promise<SharedArrayBuffer> {
    const mapping = await gnttab.map(domid, gref, options);
    held.push(mapping);
    return mapping.buffer;
  }
  return {
    map,
    mapAll: (grefs, options) => all(grefs.map((gref) => map(gref, options))),
    async unmap() {
      await all(held.splice(0).map((mapping) => gnttab.unmap(mapping)));
    },
  };
}

/** As `Promise.all`, but a failure waits for the others: nothing is still under way then. */
async function all<T>(tasks: readonly Promise<T>[]): Promise<readonly T[]> {
  await Promise.allSettled(tasks);
  return Promise.all(tasks);
}
