// SPDX-License-Identifier: Apache-2.0

/** A strict reader of OpenMetrics 1.0 text, as far as xend uses it; written from the format's rules, not from our writer. */

/** One line with a number. */
export interface ReadSample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

interface ReadFamily {
  readonly type: string;
  unit?: string;
  help?: string;
  readonly samples: ReadSample[];
}

const META = /^# (TYPE|UNIT|HELP) ([a-zA-Z_:][a-zA-Z0-9_:]*) (.+)$/;
const SAMPLE =
  /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{((?:[a-zA-Z_][a-zA-Z0-9_]*="(?:[^\\"\n]|\\[\\"n])*",?)+)\})? (NaN|[+-]Inf|-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)$/;
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^\\"\n]|\\[\\"n])*)"/g;
const SUFFIX: Readonly<Record<string, string>> = {
  counter: '_total',
  gauge: '',
  histogram: '_bucket',
  info: '_info',
  stateset: '',
};

/** @throws Error that says which line is wrong */
export function readOpenMetrics(text: string): ReadonlyMap<string, ReadFamily> {
  const families = new Map<string, ReadFamily>();
  const seen = new Set<string>();
  let current: [string, ReadFamily] | undefined;
  const lines = text.split('\n');
  if (lines.pop() !== '' || lines.pop() !== '# EOF') throw new Error('the text does not end with # EOF and a newline');

  function readMeta(line: string): void {
    const [, keyword, name = '', value = ''] = META.exec(line) ?? [];
    if (keyword === 'TYPE') {
      if (families.has(name) || SUFFIX[value] === undefined) throw new Error(line);
      current = [name, { type: value, samples: [] }];
      families.set(...current);
      return;
    }
    if (current === undefined || current[0] !== name || current[1].samples.length > 0) throw new Error(line);
    const [, family] = current;
    if (keyword === 'UNIT') {
      if (family.unit !== undefined || !name.endsWith(`_${value}`)) throw new Error(line);
      family.unit = value;
    } else if (keyword === 'HELP') {
      if (family.help !== undefined) throw new Error(line);
      family.help = value;
    } else {
      throw new Error(line);
    }
  }

  function readSample(line: string): void {
    const [, name = '', pairs = '', number = ''] = SAMPLE.exec(line) ?? [];
    const [family, { type, samples }] = current ?? ['', { type: '', samples: [] }];
    const labels: Record<string, string> = {};
    for (const [, label = '', value = ''] of pairs.matchAll(LABEL)) {
      if (Object.hasOwn(labels, label)) throw new Error(line);
      labels[label] = value.replace(/\\(.)/g, (_all, sign: string) => (sign === 'n' ? '\n' : sign));
    }
    const value = Number(number.replace('Inf', 'Infinity'));
    const key = `${name} ${JSON.stringify(Object.entries(labels).sort())}`;
    if (name === '' || name !== family + SUFFIX[type] || seen.has(key)) throw new Error(line);
    if (type === 'counter' && !(value >= 0 && Number.isFinite(value))) throw new Error(line);
    if (type === 'stateset' && (labels[family] === undefined || ![0, 1].includes(value))) throw new Error(line);
    if (type === 'info' && value !== 1) throw new Error(line);
    if (type === 'histogram' && !follows(samples.at(-1), { name, labels, value })) throw new Error(line);
    seen.add(key);
    samples.push({ name, labels, value });
  }

  for (const line of lines) {
    if (line.startsWith('#')) readMeta(line);
    else readSample(line);
  }
  return families;
}

const limitOf = ({ labels }: ReadSample): number => Number(labels.le?.replace('Inf', 'Infinity') ?? Number.NaN);

/** Buckets of one thing come in order, none holds less than the one before, and the last one holds all. */
function follows(before: ReadSample | undefined, bucket: ReadSample): boolean {
  if (before === undefined || limitOf(before) === Number.POSITIVE_INFINITY) return limitOf(bucket) > 0;
  const { le: _, ...labels } = bucket.labels;
  const { le: __, ...same } = before.labels;
  return (
    JSON.stringify(labels) === JSON.stringify(same) && limitOf(bucket) > limitOf(before) && bucket.value >= before.value
  );
}
