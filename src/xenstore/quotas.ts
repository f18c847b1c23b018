// SPDX-License-Identifier: Apache-2.0
import { StoreError, type StoreQuotas } from './contract.ts';

/** The defaults of the C daemon (spec/primitives.md 1.6); `events` is oxenstored's. */
export const DEFAULT_QUOTAS: StoreQuotas = {
  nodes: 1000,
  watches: 128,
  transactions: 10,
  'transaction-nodes': 1024,
  'node-size': 2048,
  permissions: 5,
  outstanding: 20,
  events: 1024,
  'path-max': 2048,
};

/** Who a limit is applied to. */
interface Limited {
  readonly privileged: boolean;
}

/**
 * The one rule: `count` may reach the limit; a limit of 0 is none.
 * @param count what the count would be after the operation
 * @throws StoreError ENOSPC
 */
export function enforce(quotas: StoreQuotas, name: keyof StoreQuotas, caller: Limited, count: number): void {
  if (caller.privileged || count <= quotas[name] || quotas[name] === 0) return;
  throw new StoreError('ENOSPC', `quota '${name}' is ${quotas[name]}`);
}

const HEADER_BYTES = 24;
const PERM_BYTES = 8;

/** Bytes of a node as `node-size` counts them, in the manner of the C daemon's records but without child names. */
export function nodeSize(permCount: number, value: string): number {
  return HEADER_BYTES + PERM_BYTES * permCount + value.length;
}
