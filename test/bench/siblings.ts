// SPDX-License-Identifier: Apache-2.0
import { type Bench, holds, median, type Target } from './report.ts';
import { COLUMNS, type Column, type Ends } from './siblings/columns.ts';
import type { Task } from './siblings/pipe.ts';

const ROUNDS = 7;
const WARM_UP = 2;
const KiB = 1024;
const MiB = KiB * KiB;
/** What a column is to be, in proportion to another one. All columns but it have their proportion to the unix socket anyway. */
const TARGETS: readonly { readonly row: string; readonly of: Column; readonly to: Column; readonly target: Target }[] =
  [
    { row: 'stream, 64 KiB', of: 'vchan', to: 'unix socket', target: { is: '>=', value: 3 } },
    { row: 'stream, 64 KiB', of: 'vsock', to: 'unix socket', target: { is: '>=', value: 2 } },
    { row: 'stream, 512 B', of: 'argo', to: 'MessagePort', target: { is: '>=', value: 4 } },
  ];

const SIZES: Readonly<Record<string, number>> = {
  '64 B': 64,
  '512 B': 512,
  '4 KiB': 4 * KiB,
  '64 KiB': 64 * KiB,
  '1 MiB': MiB,
};

/** So many that each measurement takes some tens of milliseconds. */
const TASKS: readonly (readonly [string, Task])[] = (['stream', 'round trip'] as const).flatMap((kind) =>
  Object.entries(SIZES).map(([size, bytes]): readonly [string, Task] => {
    const count = kind === 'stream' ? Math.min(50_000, (128 * MiB) / bytes) : Math.min(2000, (64 * MiB) / bytes);
    return [`${kind}, ${size}`, { kind, bytes, count }];
  }),
);

export default {
  title: 'bytes one way, and there and back, over the other ways between two domains, beside a unix socket',
  async run(report) {
    await using all = new AsyncDisposableStack();
    const columns: [Column, Ends][] = [];
    for (const [column, open] of Object.entries(COLUMNS)) columns.push([column as Column, all.use(await open())]);
    let reached = true;
    for (const [row, task] of TASKS) {
      const times = new Map<Column, number[]>(columns.map(([column]) => [column, []]));
      // In turns, so that what else the machine does hits all.
      for (let round = -WARM_UP; round < ROUNDS; round++) {
        for (const [column, ends] of columns) {
          const us = await ends.run(task);
          if (round >= 0) times.get(column)!.push(us);
        }
      }
      for (const [column, samples] of times) {
        const us = median(samples);
        if (task.kind === 'stream') report({ row, column, metric: 'p50', value: task.bytes / us, unit: 'MB/s' });
        else report({ row, column, metric: 'p50', value: us, unit: 'us' });
      }
      const compared = columns
        .filter(([of]) => of !== 'unix socket')
        .map(([of]): Pick<(typeof TARGETS)[number], 'of' | 'to'> => ({ of, to: 'unix socket' }));
      for (const one of TARGETS) if (one.row === row && one.to !== 'unix socket') compared.push(one);
      for (const { of, to } of compared) {
        const [mine, theirs] = [times.get(of)!, times.get(to)!];
        const value = median(mine.map((us, round) => theirs[round]! / us));
        const target = TARGETS.find((one) => one.row === row && one.of === of && one.to === to)?.target;
        report({ row, column: of, metric: `times ${to}`, value, unit: 'ratio', ...(target && { target }) });
        reached &&= target === undefined || holds(target, value);
      }
    }
    return reached;
  },
} satisfies Bench;
