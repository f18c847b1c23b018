// SPDX-License-Identifier: Apache-2.0
import type { Sample } from './sample.ts';

/** In the order of xentop's summary (spec/xend.md 6). */
const STATES = [
  ['r', 'running'],
  ['b', 'blocked'],
  ['p', 'paused'],
  ['c', 'crashed'],
  ['d', 'dying'],
  ['s', 'shutdown'],
] as const;

/**
 * The three lines above the tables: when, what the domains do, and the machine.
 *
 * @param remark what else the first line says, e.g. how often the screen changes.
 */
export function summaryLines(sample: Sample, remark: string): readonly string[] {
  const { memoryTotalKib: total, memoryFreeKib: free, cpus, mhz } = sample;
  const domains = sample.domains.filter(({ gone }) => gone === undefined);
  const counts = STATES.map(
    ([letter, word]) => `${domains.filter(({ state }) => state.includes(letter)).length} ${word}`,
  );
  // Some systems do not tell the speed of their processors.
  const speed = mhz > 0 ? ` @ ${mhz}MHz` : '';
  return [
    `xm top - ${new Date(sample.time).toTimeString().slice(0, 8)}   ${remark}`,
    `${domains.length} domains: ${counts.join(', ')}`,
    `Mem: ${total.toFixed(0)}k total, ${(total - free).toFixed(0)}k used, ${free.toFixed(0)}k free    CPUs: ${cpus}${speed}`,
  ];
}
