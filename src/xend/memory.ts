// SPDX-License-Identifier: Apache-2.0
import { totalmem } from 'node:os';
import type { VmConfig } from '../config/contract.ts';
import { DEDICATED } from '../config/pool-name.ts';
import { XmError } from '../errors.ts';
import type { XendContext, XendOptions } from './context.ts';

/** Smallest limit of a heap, MB. */
const MIN_HEAP = 8;

/** Divides a domain's memory, all in MB: half for the heap, half for pages. Domains that share a thread add to its heap. */
export function shareMemory({ memory, pool }: Pick<VmConfig, 'memory' | 'pool'>): {
  readonly heap: number;
  readonly pages: number;
} {
  return { heap: pool !== DEDICATED ? memory / 2 : Math.max(MIN_HEAP, memory / 2), pages: memory / 2 };
}

type MemoryContext = Pick<XendContext, 'domains' | 'options'>;

/** MB that there are for domains. */
function totalMemory({ reservedMemory = 0, totalMemory: most = Number.POSITIVE_INFINITY }: XendOptions): number {
  return Math.max(0, Math.min(Math.floor(totalmem() / 2 ** 20), most) - reservedMemory);
}

/** MB of them that no guest was promised. */
export function freeMemory({ domains, options }: MemoryContext): number {
  let promised = 0;
  for (const { domid, config } of domains.values()) promised += domid === 0 ? 0 : config.memory;
  return Math.max(0, totalMemory(options) - promised);
}

/** @throws XmError `EMEMORY` when a domain cannot have `memory` MB */
export function checkMemory(context: MemoryContext, memory: number): void {
  const free = freeMemory(context);
  if (memory > free) {
    const text = `${memory} MB of memory are more than the ${free} MB that are free of ${totalMemory(context.options)} MB`;
    throw new XmError('EMEMORY', text);
  }
}
