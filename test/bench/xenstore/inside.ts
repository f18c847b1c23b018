// SPDX-License-Identifier: Apache-2.0
import { fileURLToPath } from 'node:url';
import type { StoreLoad } from '../kernels/xenstore-load.ts';
import type { Report } from '../report.ts';
import { median } from '../report.ts';
import { converse, startSupervisor } from '../supervisor.ts';

const KERNEL = fileURLToPath(new URL('../kernels/xenstore-load.ts', import.meta.url));
const ROUNDS = 5;
const TIME = 300;
const VALUE = '0123456789abcdef';

type Operation = Pick<StoreLoad, 'mode' | 'depth'>;

/** Connections that need no socket: a domain's, over its message port, and one of the store's own thread. Rates per second. */
export async function measureInside(operations: readonly Operation[], report: Report): Promise<Map<string, number>> {
  await using supervisor = await startSupervisor();
  await supervisor.create('load', `(memory 64) (image (js (kernel '${KERNEL}')))`);
  using guest = converse(await supervisor.console('load'));
  const own = supervisor.xend.store.connect(0, () => true);
  own.write('/bench/own/k', VALUE);

  function inThread(mode: StoreLoad['mode']): number {
    let units = 0;
    const start = performance.now();
    for (; performance.now() - start < TIME; units++) {
      if (mode === 'read') own.read('/bench/own/k');
      else own.write('/bench/own/k', VALUE);
    }
    return (units / (performance.now() - start)) * 1000;
  }

  const rates = new Map<string, number>();
  for (const { mode, depth } of operations) {
    const row = `${mode} 1x${depth}`;
    const samples = { domain: [] as number[], thread: [] as number[] };
    for (let round = 0; round <= ROUNDS; round++) {
      const rate = Number(await guest.ask(JSON.stringify({ mode, depth, time: TIME } satisfies StoreLoad)));
      const direct = inThread(mode);
      if (round > 0) {
        samples.domain.push(rate);
        samples.thread.push(direct);
      }
    }
    for (const [column, values] of Object.entries(samples)) {
      report({ row, column, metric: 'rate', value: median(values) / 1000, unit: 'thousand/s' });
      rates.set(`${row} ${column}`, median(values));
    }
  }
  return rates;
}
