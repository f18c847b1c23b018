// SPDX-License-Identifier: Apache-2.0
import { mkdtempDisposableSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Bench, holds, median, type Report, type Target } from './report.ts';
import { measureInside } from './xenstore/inside.ts';
import {
  compileLoad,
  type Load,
  type LoadResult,
  runLoad,
  runningPeers,
  type StoreServer,
  startOurs,
} from './xenstore/peers.ts';
import { measureSize } from './xenstore/size.ts';

const MODES = ['read', 'write', 'tx', 'watch', 'watchadd'];
const LOADS: readonly Load[] = [
  ...MODES.map((mode) => ({ mode, connections: 1, depth: 1 })),
  ...MODES.map((mode) => ({ mode, connections: 8, depth: 1 })),
  { mode: 'read', connections: 1, depth: 16 },
  { mode: 'write', connections: 1, depth: 16 },
];
/** The first compiles the code and does not count. */
const ROUNDS = 6;
const TIME = 400;

const AT_LEAST: Target = { is: '>=', value: 1 };
const INSIDE: Target = { is: '>=', value: 3 };

/** What our rate should be of a peer's, if anything. */
function targetFor(peer: string, { depth }: Load): Target | undefined {
  if (peer === 'oxenstored') return AT_LEAST;
  return peer === 'C' && depth > 1 ? AT_LEAST : undefined;
}

/** One load against all servers in turns, so that what else the machine does hits all. @returns our rate, and whether the targets are reached */
async function measureLoad(program: string, servers: readonly StoreServer[], load: Load, report: Report) {
  const row = `${load.mode} ${load.connections}x${load.depth}`;
  const results = new Map<string, LoadResult[]>(servers.map(({ name }) => [name, []]));
  for (let round = 0; round < ROUNDS; round++) {
    for (const server of servers) {
      const result = await runLoad(program, server, load, TIME);
      if (result.errors > 0 && server === servers[0]) throw new Error(`${row} had ${result.errors} errors`);
      if (round > 0) results.get(server.name)!.push(result);
    }
  }
  let reached = true;
  const ours = results.get('ours')!;
  for (const [column, all] of results) {
    const middle = (of: (result: LoadResult) => number) => median(all.map(of));
    report({ row, column, metric: 'rate', value: middle(({ rate }) => rate) / 1000, unit: 'thousand/s' });
    if (load.depth === 1) report({ row, column, metric: 'p50', value: middle(({ p50 }) => p50), unit: 'us' });
    report({ row, column, metric: 'server CPU', value: middle(({ cpu }) => cpu), unit: 'us' });
    if (column === 'ours') continue;
    const target = targetFor(column, load);
    const ratio = median(all.map(({ rate }, round) => ours[round]!.rate / rate));
    report({ row, column: 'ours', metric: `to ${column}`, value: ratio, unit: 'ratio', ...(target && { target }) });
    const cpu = median(all.map((theirs, round) => theirs.cpu / ours[round]!.cpu));
    report({ row, column: 'ours', metric: `CPU of ${column} to ours`, value: cpu, unit: 'ratio' });
    reached &&= target === undefined || holds(target, ratio);
  }
  return { row, rate: median(ours.map(({ rate }) => rate)), reached };
}

export default {
  title: 'the xenstore server beside the real ones (XENSTORE_PEERS), inside of the process, and with a million nodes',
  async run(report) {
    let reached = true;
    const rates = new Map<string, number>();
    using temporary = mkdtempDisposableSync(join(tmpdir(), 'xm-load-'));
    const program = compileLoad(join(temporary.path, 'load'));
    if (program === undefined) console.error('no C compiler: nothing is measured over the socket');
    else {
      using ours = await startOurs();
      const servers = [ours, ...runningPeers()];
      for (const load of LOADS) {
        const measured = await measureLoad(program, servers, load, report);
        rates.set(measured.row, measured.rate);
        reached &&= measured.reached;
      }
    }
    const operations = [1, 16].flatMap((depth) => (['read', 'write'] as const).map((mode) => ({ mode, depth })));
    const inside = await measureInside(operations, report);
    for (const [key, rate] of inside) {
      const [mode, shape, column] = key.split(' ') as [string, string, string];
      const socket = rates.get(`${mode} ${shape}`);
      if (socket === undefined) continue;
      report({
        row: `${mode} ${shape}`,
        column,
        metric: 'to ours',
        value: rate / socket,
        unit: 'ratio',
        target: INSIDE,
      });
      reached &&= holds(INSIDE, rate / socket);
    }
    return (await measureSize(report)) && reached;
  },
} satisfies Bench;
