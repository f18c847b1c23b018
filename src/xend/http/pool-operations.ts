// SPDX-License-Identifier: Apache-2.0
import type { Sxp } from '../../sxp/contract.ts';
import type { PoolInfo } from '../contract.ts';
import { NAMES, NUMBER, TEXT } from './kinds.ts';
import { operation, type Parameter } from './operation.ts';

const POOL: Parameter<string> = { name: 'pool', kind: TEXT };
const CPU: Parameter<number> = { name: 'cpu', kind: NUMBER };

/** The operations on pools of threads: `xend.cpu_pool.*` of spec/xend.md 5.4. Pools are made by `xm cpupool-create` alone. */
export const poolOperations = {
  list: operation(
    'Pools of threads: all, or those that are named.',
    [{ name: 'names', kind: NAMES, fallback: [] }],
    async (xend, names) => (await xend.methods['pool.list']({ names })).map(formOf),
  ),
  start: operation('Starts a pool that is kept.', [POOL], async (xend, pool) => {
    await xend.methods['pool.start']({ pool });
    return null;
  }),
  destroy: operation('Ends a pool that has no domains.', [POOL], (xend, pool) =>
    xend.methods['pool.destroy']({ pool }),
  ),
  delete: operation('Forgets a pool that is kept, and is not active.', [POOL], (xend, pool) =>
    xend.methods['pool.delete']({ pool }),
  ),
  addThread: operation('Lets a pool have one thread more.', [POOL, CPU], (xend, pool, number) =>
    xend.methods['pool.addThread']({ pool, number }),
  ),
  removeThread: operation('Takes a thread without domains from a pool.', [POOL, CPU], (xend, pool, number) =>
    xend.methods['pool.removeThread']({ pool, number }),
  ),
  migrate: operation(
    'Has a domain live in another pool; refused while it runs.',
    [{ name: 'domain', kind: TEXT }, POOL],
    (xend, domain, pool) => xend.methods['pool.migrate']({ domain, pool }),
  ),
};

function formOf({ name, sched, active, threads, domains }: PoolInfo): Sxp {
  return [
    'cpu_pool',
    ['name', name],
    ['sched', sched],
    ['activated', active ? 1 : 0],
    ['cpus', [...threads]],
    ['domains', [...domains]],
  ];
}
