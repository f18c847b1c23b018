// SPDX-License-Identifier: Apache-2.0

/** One number of a benchmark. `metric` and `unit` say what it is, e.g. `p50` in `us`; `column` who it is about. */
export interface Measurement {
  readonly row: string;
  readonly column: string;
  readonly metric: string;
  readonly value: number;
  readonly unit: string;
  /** What the value should be. */
  readonly target?: Target;
}

/** A bound of a value. */
export interface Target {
  readonly is: '>=' | '<=';
  readonly value: number;
}

/** Whether a value is within its bound. */
export function holds(target: Target, value: number): boolean {
  return target.is === '>=' ? value >= target.value : value <= target.value;
}

/** Takes measurements, in the order in which the table shows them. */
export type Report = (measurement: Measurement) => void;

/** What a file of this folder exports by default to be run by `npm run bench -- NAME`. */
export interface Bench {
  /** What it measures, in one line. */
  readonly title: string;
  /** @returns false when a budget was missed, so that the command fails; true if there is none */
  run(report: Report): Promise<boolean>;
}

/** The middle of the values; of an even number the upper of the two. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** The value below which the share `at` (0 to 1) of the values lies. */
export function quantile(values: readonly number[], at: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * at))] ?? Number.NaN;
}

/** Three significant digits, and no exponents: what a measurement on a shared machine is worth. */
function digits(value: number): string {
  if (!Number.isFinite(value)) return '-';
  const decimals = value === 0 ? 0 : Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))));
  return value.toFixed(Math.min(decimals, 4));
}

/**
 * Measurements as an aligned table: a line for each row, metric and unit, a column for each of their columns.
 *
 * @returns lines, without a newline at the end
 */
export function formatTable(measurements: readonly Measurement[]): string {
  const columns = [...new Set(measurements.map(({ column }) => column))];
  const lines = new Map<string, string[]>();
  for (const { row, metric, unit, column, value, target } of measurements) {
    const key = JSON.stringify([row, metric, unit]);
    const line = lines.get(key) ?? [row, metric, unit, ...columns.map(() => '-')];
    line[3 + columns.indexOf(column)] = target ? `${digits(value)} (${target.is} ${target.value})` : digits(value);
    lines.set(key, line);
  }
  const table = [['row', 'metric', 'unit', ...columns], ...lines.values()];
  const widths = table[0]!.map((_, index) => Math.max(...table.map((line) => line[index]!.length)));
  const padded = table.map((line) =>
    line.map((cell, index) => (index < 3 ? cell.padEnd(widths[index]!) : cell.padStart(widths[index]!))).join('  '),
  );
  return padded.join('\n');
}
