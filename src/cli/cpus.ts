// SPDX-License-Identifier: Apache-2.0
import { parseCpus } from '../cpus.ts';
import { usageError } from './failure.ts';

/**
 * Processors as a command takes them: a list, or `all`.
 *
 * @returns undefined for `all`
 * @throws XmError for anything else
 */
export function readCpus(text: string): readonly number[] | undefined {
  if (text === 'all') return undefined;
  const cpus = parseCpus(text);
  if (cpus === undefined) throw invalid(text);
  return cpus;
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
