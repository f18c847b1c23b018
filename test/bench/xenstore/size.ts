// SPDX-License-Identifier: Apache-2.0
import { collectGarbage } from '../../support/garbage.ts';
import type { Report } from '../report.ts';
import { holds, median } from '../report.ts';

const SIZES = [1000, 1_000_000];
/** Children of each directory; the store is two levels of these and the leaves below. */
const FAN = 100;
/** Nodes that are in use, written or listed: as many in each store, so that the processor's caches hold as much of both. */
const IN_USE = 1000;
const REPEATS = 50_000;
const ROUNDS = 7;

const pathOf = (i: number): string => `/many/${Math.floor(i / FAN / FAN)}/${Math.floor(i / FAN)}/node${i}`;

/** Memory of a node, and what a write and a list cost in a small and in a large store. @returns whether the targets are reached */
export async function measureSize(report: Report): Promise<boolean> {
  const module = new URL('../../../dist/src/xenstore/store.js', import.meta.url);
  const { createStore } = (await import(module.href)) as typeof import('../../../src/xenstore/store.ts');

  const filled = SIZES.map((size) => {
    collectGarbage();
    const before = process.memoryUsage().heapUsed;
    const connection = createStore().connect(0, () => true);
    for (let i = 0; i < size; i++) connection.write(pathOf(i), '0123456789abcdef');
    collectGarbage();
    const bytes = (process.memoryUsage().heapUsed - before) / size;
    const column = `${size} nodes`;
    report({ row: 'memory', column, metric: 'heap per node', value: bytes, unit: 'bytes' });
    const paths = Array.from({ length: IN_USE }, () => pathOf(Math.floor(Math.random() * size)));
    const directories = paths.slice(0, IN_USE / FAN).map((path) => path.slice(0, path.lastIndexOf('/')));
    const timed = (action: (i: number) => void): number => {
      const start = performance.now();
      for (let k = 0; k < REPEATS; k++) action(k % IN_USE);
      return ((performance.now() - start) / REPEATS) * 1000;
    };
    return {
      column,
      write: () => timed((i) => connection.write(paths[i]!, 'fedcba9876543210')),
      list: () => timed((i) => void connection.directory(directories[i % directories.length]!)),
    };
  });

  const target = { is: '<=', value: Math.log(SIZES[1]!) / Math.log(SIZES[0]!) } as const;
  let reached = true;
  for (const row of ['write', 'list'] as const) {
    const times = filled.map((): number[] => []);
    for (let round = 0; round <= ROUNDS; round++) {
      for (const [at, store] of filled.entries()) {
        const time = store[row]();
        if (round > 0) times[at]!.push(time);
      }
    }
    for (const [at, { column }] of filled.entries()) {
      report({ row, column, metric: 'time', value: median(times[at]!), unit: 'us' });
    }
    const ratio = median(times[1]!.map((time, round) => time / times[0]![round]!));
    report({ row, column: filled[1]!.column, metric: `to ${filled[0]!.column}`, value: ratio, unit: 'ratio', target });
    reached &&= holds(target, ratio);
  }
  return reached;
}
