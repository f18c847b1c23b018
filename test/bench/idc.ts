// SPDX-License-Identifier: Apache-2.0
import { setTimeout as delay } from 'node:timers/promises';
import { COLUMNS, type Column, type Peers } from './idc/columns.ts';
import { GROUPS, type Group, type Row } from './idc/rows.ts';
import { type Bench, holds, median, quantile, type Report } from './report.ts';

/** Milliseconds after which the threads of the measurement before sleep. */
const SETTLE = 20;

/** Measures in turns, so that what else the machine does hits all columns. @returns the samples of each column's rounds */
async function sample(row: Row, all: ReadonlyMap<Column, Peers>): Promise<Map<Column, Float64Array[]>> {
  const sampled = new Map<Column, Float64Array[]>();
  for (let round = 0; round < row.warmUp + row.rounds; round++) {
    for (const column of row.columns) {
      const peers = all.get(column);
      if (peers === undefined) continue;
      await delay(SETTLE);
      const samples = await peers.run(row.task(column));
      if (round >= row.warmUp) sampled.set(column, [...(sampled.get(column) ?? []), samples]);
    }
  }
  return sampled;
}

/** Reports a row, and its ratios as medians of each round's. @returns whether all targets are reached */
function reportRow(row: Row, sampled: ReadonlyMap<Column, readonly Float64Array[]>, report: Report): boolean {
  const { title, unit, bound } = row;
  let reached = true;
  for (const [metric, at] of Object.entries(row.metrics)) {
    for (const [column, rounds] of sampled) {
      const samples = rounds.flatMap((one) => [...one]);
      const value = row.value(quantile(samples, at));
      report({ row: title, column, metric, value, unit, ...(bound && { target: bound }) });
      reached &&= bound === undefined || holds(bound, value);
    }
  }
  for (const { of, to, target } of row.ratios) {
    const [mine, theirs] = [of, to].map((column) => sampled.get(column)!.map((one) => row.value(median([...one]))));
    const ratio = median(mine!.map((one, round) => one / theirs![round]!));
    report({ row: title, column: of, metric: `to ${to}`, value: ratio, unit: 'ratio', target });
    reached &&= holds(target, ratio);
  }
  return reached;
}

async function measureGroup({ shape, rows }: Group, report: Report): Promise<boolean> {
  const columns = new Set(rows.flatMap((row) => row.columns));
  const all = new Map<Column, Peers>();
  for (const column of columns) {
    const peers = await COLUMNS[column](shape);
    if (peers !== undefined) all.set(column, peers);
  }
  let reached = true;
  for (const row of rows) reached = reportRow(row, await sample(row, all), report) && reached;
  for (const peers of all.values()) await peers.stop();
  return reached;
}

export default {
  title: 'messages, round trips and bulk between domains, beside what else two threads have',
  async run(report) {
    let reached = true;
    for (const group of GROUPS) reached = (await measureGroup(group, report)) && reached;
    return reached;
  },
} satisfies Bench;
