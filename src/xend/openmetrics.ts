// SPDX-License-Identifier: Apache-2.0

/**
 * Metrics and their text in the format OpenMetrics 1.0, which Prometheus and others collect. Pure: the command line prints
 * what xend measured.
 */

export type MetricType = 'counter' | 'gauge' | 'histogram' | 'info' | 'stateset';

/** One number, told from the others of its family by its labels. */
export interface MetricSample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** What one thing is measured as, in all places. */
export interface MetricFamily {
  /** Without the suffix that its type gives to samples; ends in the unit, if it has one. */
  readonly name: string;
  readonly type: MetricType;
  readonly unit?: 'seconds' | 'bytes';
  /** One sentence. */
  readonly help: string;
  readonly samples: readonly MetricSample[];
}

/** What an answer says that it is. */
export const OPENMETRICS_TYPE = 'application/openmetrics-text; version=1.0.0; charset=utf-8';

const SUFFIX: Readonly<Record<MetricType, string>> = {
  counter: '_total',
  gauge: '',
  histogram: '_bucket',
  info: '_info',
  stateset: '',
};

/** The whole text, up to `# EOF`. */
export function formatMetrics(families: readonly MetricFamily[]): string {
  return `${families.map(formatFamily).join('')}# EOF\n`;
}

function formatFamily({ name, type, unit, help, samples }: MetricFamily): string {
  const head = [
    `# TYPE ${name} ${type}`,
    ...(unit === undefined ? [] : [`# UNIT ${name} ${unit}`]),
    `# HELP ${name} ${escaped(help)}`,
  ];
  const lines = samples.map(
    ({ labels, value }) => `${name}${SUFFIX[type]}${formatLabels(labels)} ${formatValue(value)}`,
  );
  return [...head, ...lines].map((line) => `${line}\n`).join('');
}

function formatLabels(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

function formatValue(value: number): string {
  if (Number.isFinite(value)) return String(value);
  if (Number.isNaN(value)) return 'NaN';
  return value > 0 ? '+Inf' : '-Inf';
}

function escaped(text: string): string {
  const written: Readonly<Record<string, string>> = { '\\': '\\\\', '"': '\\"', '\n': '\\n' };
  return text.toWellFormed().replace(/[\\"\n]/g, (character) => written[character]!);
}
