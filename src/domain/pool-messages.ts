// SPDX-License-Identifier: Apache-2.0
import type { Board } from '../hv/shared-info.ts';
import type { DomainData, DomainDoors } from './boot.ts';
import type { KernelImage } from './launch.ts';

/** What `workerData` holds for a thread of a pool. */
export interface PoolThreadData {
  readonly board: Board;
}

/** The line of a pool's thread itself. */
export const OFFICE = 0;

/** The lines of a domain, by its id; 0 is never in a pool. */
export function linesOf(domid: number): Readonly<Record<keyof DomainDoors, number>> {
  return { hypercalls: 4 * domid, store: 4 * domid + 1, control: 4 * domid + 2 };
}

/** A domain to be started. */
export interface StartOrder {
  readonly domain: DomainData;
  readonly kernel: KernelImage;
  /** Files and, ending in a slash, directories that it may import from. */
  readonly readable: readonly string[];
}

/** What a pool's thread is told. */
export type PoolOrder = { readonly start: StartOrder } | { readonly end: number } | { readonly ping: number };

/** What it says. */
export type PoolNews =
  | {
      readonly ended: number;
      readonly exitCode: number;
      readonly failure: { readonly message: string; readonly stack: string | undefined } | undefined;
    }
  /** It ends, for this reason. */
  | { readonly lost: string }
  /** The answer to a ping. */
  | { readonly here: number };
