// SPDX-License-Identifier: Apache-2.0
import type { FramePoolDoor } from '../../src/hv/frames-pool.ts';

/** What the test and the domains' threads share: rounds that each has done, then these. */
export const FRAME_WORDS = { rounds: 16, stop: 0, stopped: 1, stolen: 2 } as const;

/** Pages that a domain lends to all others: a table and a half. */
export const LENT_PAGES = 96;
/** What a domain's thread is told. */
export interface FrameTask {
  readonly index: number;
  /** The pools of all domains; that at `index` is this one's. */
  readonly doors: readonly FramePoolDoor[];
  readonly words: Int32Array<SharedArrayBuffer>;
  readonly seed: number;
}
