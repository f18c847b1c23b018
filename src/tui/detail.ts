// SPDX-License-Identifier: Apache-2.0
import type { LogRecord } from '../xend/log-line.ts';
import { clock, type Step, sequenceDiagram, stepsOf } from './sequence.ts';
import { sparkline } from './spark.ts';

/** Messages that an opened row shows, and steps of its control flow. */
const MESSAGES = 8;
const STEPS = 14;
/** Characters of a history. */
const HISTORY = 60;

/** `NAME  value` for each fact, names as wide as the longest. */
export function facts(pairs: readonly (readonly [name: string, value: string])[]): readonly string[] {
  const width = Math.max(...pairs.map(([name]) => name.length));
  return pairs.map(([name, value]) => `  ${name.padEnd(width)}  ${value}`);
}

/** A part of an opened row, with its title and an empty line before it. */
export function section(title: string, lines: readonly string[]): readonly string[] {
  return ['', `${title}:`, ...lines];
}

/** The last minute of a number, as a line and in words. @param full as in {@link sparkline} */
export function historySection(title: string, values: readonly number[], unit: string, full = 0): readonly string[] {
  const last = values.at(-1) ?? 0;
  const most = Math.max(0, ...values);
  const show = (value: number) => (value < 100 ? value.toFixed(1) : value.toFixed(0));
  return section(title, [`  |${sparkline(values, HISTORY, full)}|  now ${show(last)}, most ${show(most)} ${unit}`]);
}

/** The latest log records, oldest first, each in one line. */
export function messagesSection(records: readonly LogRecord[] | undefined): readonly string[] {
  const lines = (records ?? [])
    .slice(-MESSAGES)
    .map(({ time, level, text }) => `  ${clock(time)} ${level.padEnd(7)} ${text.split('\n')[0]}`);
  return section('Last messages', lines.length > 0 ? lines : ['  none']);
}

/** The control messages of the records that pass, as a diagram. */
export function flowSection(
  records: readonly LogRecord[] | undefined,
  width: number,
  passes: (step: Step) => boolean = () => true,
): readonly string[] {
  const steps = stepsOf(records ?? [])
    .filter(passes)
    .slice(-STEPS);
  return section(
    'Control flow',
    sequenceDiagram(steps, width - 2).map((line) => `  ${line}`),
  );
}
