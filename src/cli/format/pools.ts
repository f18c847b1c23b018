// SPDX-License-Identifier: Apache-2.0
import type { PoolInfo } from '../../xend/contract.ts';
import type { Columns } from './columns.ts';

const numbers = ({ threads }: PoolInfo): string => threads.join(',');

/** What `xm cpupool-list --columns` knows. */
export const POOL_COLUMNS: Columns<PoolInfo> = {
  name: { doc: 'Name.', of: ({ name }) => name },
  cpus: { doc: 'How many threads it has.', of: ({ count }) => count },
  sched: { doc: 'threads of the operating system, or loop: domains of a thread take turns.', of: ({ sched }) => sched },
  active: { doc: 'Whether domains may live there.', of: ({ active }) => active },
  kept: { doc: 'Whether it outlives xend.', of: ({ kept }) => kept },
  domains: { doc: 'How many domains live there.', of: ({ domains }) => domains.length },
  threads: { doc: 'Numbers of its threads.', of: numbers },
};

/** `xm cpupool-list` (spec/xend.md 4.3). */
export function poolTable(pools: readonly PoolInfo[]): string {
  const line = ({ name, count, sched, active, domains }: PoolInfo) =>
    `${name.padEnd(16)}   ${String(count).padStart(3)}  ${sched.padStart(8)}       ${active ? 'y' : 'n'}          ${domains.length}\n`;
  return `Name               CPUs   Sched     Active   Domain count\n${pools.map(line).join('')}`;
}

/** `xm cpupool-list -c`: the numbers of the threads, `-` for none. */
export function poolThreadTable(pools: readonly PoolInfo[]): string {
  const line = (name: string, list: string) => `${name.padEnd(16)} ${list}\n`;
  return line('Name', 'CPU list') + pools.map((pool) => line(pool.name, numbers(pool) || '-')).join('');
}
