// SPDX-License-Identifier: Apache-2.0

/** One more than the highest number of a processor that `all` ever meant. */
const MOST = 64;

const PART = /^(\^)?(\d+)(?:-(\d+))?$/;

/**
 * A list of processors (spec/xend.md 2.5 and 4.3): `N`, `N-M`, and `^N` for one that is taken out again, in this order.
 *
 * @returns their numbers, in order; undefined if it is no such list, or nothing is left of it
 */
export function parseCpus(text: string): readonly number[] | undefined {
  const found = new Set<number>();
  for (const part of text.split(',')) {
    const [, without, first, last = first] = PART.exec(part.trim()) ?? [];
    const range = without !== undefined && part.includes('-');
    if (first === undefined || range || Number(last) >= MOST || Number(first) > Number(last)) return undefined;
    for (let cpu = Number(first); cpu <= Number(last); cpu += 1) {
      if (without === undefined) found.add(cpu);
      else found.delete(cpu);
    }
  }
  return found.size === 0 ? undefined : [...found].sort((a, b) => a - b);
}
