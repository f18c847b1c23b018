// SPDX-License-Identifier: Apache-2.0
import { totalmem } from 'node:os';
import type { VmConfig } from '../config/contract.ts';
import { DEDICATED } from '../config/pool-name.ts';
import { XmError } from '../errors.ts';
import type { XendDomain } from './domain.ts';

/** Smallest limit of a heap, MB. */
const MIN_HEAP = 8;

/** Divides a domain's memory, all in MB: half for the heap, half for pages. Domains that share a thread add to its heap. */
export function shareMemory({ memory, pool }: Pick<VmConfig, 'memory' | 'pool'>): {
  readonly heap: number;
  readonly pages: number;
} {
  return { heap: pool !== DEDICATED ? memory / 2 : Math.max(MIN_HEAP, memory / 2), pages: memory / 2 };
}

const totalMemory = (): number => Math.floor(totalmem() / 2 ** 20);

/** MB of the machine that no guest was promised. */
export function freeMemory(domains: Iterable<XendDomain>): number {
  let promised = 0;
  for (const { domid, config } of domains) promised += domid === 0 ? 0 : config.memory;
  return totalMemory() - promised;
}

/** @throws XmError `EMEMORY` when a domain cannot have `memory` MB */
export function checkMemory(domains: Iterable<XendDomain>, memory: number): void {
  const free = freeMemory(domains);
  if (memory > free) {
    const text = `${memory} MB of memory are more than the ${free} MB that are free of ${totalMemory()} MB`;
    throw new XmError('EMEMORY', text);
  }
}
