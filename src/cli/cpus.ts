// SPDX-License-Identifier: Apache-2.0
import { usageError } from './failure.ts';

/** One more than the highest number of a processor that `all` ever meant. */
const MOST = 64;

const PART = /^(\^)?(\d+)(?:-(\d+))?$/;

/**
 * A list of processors (spec/xend.md 4.3): `N`, `N-M`, and `^N` for one that is taken out again, in this order.
 *
 * @returns undefined for `all`
 * @throws XmError for anything else
 */
export function readCpus(text: string): readonly number[] | undefined {
  if (text === 'all') return undefined;
  const found = new Set<number>();
  for (const part of text.split(',')) {
    const [, without, first, last = first] = PART.exec(part.trim()) ?? [];
    const range = without !== undefined && part.includes('-');
    if (first === undefined || range || Number(last) >= MOST || Number(first) > Number(last)) throw invalid(text);
    for (let cpu = Number(first); cpu <= Number(last); cpu += 1) {
      if (without === undefined) found.add(cpu);
      else found.delete(cpu);
    }
  }
  if (found.size === 0) throw invalid(text);
  return [...found].sort((a, b) => a - b);
}

function invalid(text: string) {
  return usageError('Invalid argument.', `'${text}' is no list of processors, such as 0,2-3 or 0-3,^2, and not all`);
}

/** A set of processors for people: `any cpu`, `no cpus`, `0,2-3`. */
export function affinityText(cpus: readonly number[], host: readonly number[]): string {
  if (cpus.length === 0) return 'no cpus';
  if (host.every((cpu) => cpus.includes(cpu))) return 'any cpu';
  const ranges: [number, number][] = [];
  for (const cpu of cpus) {
    const last = ranges.at(-1);
    if (last !== undefined && last[1] === cpu - 1) last[1] = cpu;
    else ranges.push([cpu, cpu]);
  }
  return ranges.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`)).join(',');
}
