// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { createMachine } from '../../src/machine/machine.ts';
import type { Transport } from '../../src/vsock/contract.ts';
import { type Bench, holds, median, type Target } from './report.ts';

const KERNEL = new URL('./vsock/many-kernel.ts', import.meta.url);
const ROUNDS = 9;
const WARM_UP = 3;
/** What the others keep of their rate when one reader of a thousand has stopped. */
const TARGET: Target = { is: '>=', value: 0.9 };

/** A line of a console. */
async function lineOf(console: Duplex): Promise<string> {
  let text = '';
  while (!text.endsWith('\n')) text += String((await once(console, 'data'))[0]);
  return text.trim();
}

/** Two domains with a thousand connections. */
async function thousand(transport: Transport, stopped: boolean) {
  const machine = createMachine();
  const options = { memory: 128, vsock: { bench: transport } };
  const serving = await machine.start(KERNEL, { ...options, name: 'serving' });
  await lineOf(serving.console);
  const driving = await machine.start(KERNEL, { ...options, name: 'driving' });
  await lineOf(driving.console);
  const ask = (words: string): Promise<string> => {
    const answer = lineOf(driving.console);
    driving.console.write(words);
    return answer;
  };
  if (stopped) await ask('stop');
  return { round: async () => Number(await ask('round')), [Symbol.asyncDispose]: () => machine.stop() };
}

export default {
  title: 'a thousand connections over one link: what is left of their rate when one reader stops',
  async run(report) {
    let reached = true;
    for (const transport of ['ring', 'argo'] as const) {
      await using all = await thousand(transport, false);
      await using others = await thousand(transport, true);
      const times: readonly [number[], number[]] = [[], []];
      // In turns, so that what else the machine does hits both.
      for (let round = -WARM_UP; round < ROUNDS; round++) {
        const pair = [await all.round(), await others.round()] as const;
        if (round >= 0) for (const [index, ms] of pair.entries()) times[index]!.push(ms);
      }
      const row = `1000 connections, ${transport}`;
      report({ row, column: 'all read', metric: 'round p50', value: median(times[0]), unit: 'ms' });
      report({ row, column: 'one stopped', metric: 'round p50', value: median(times[1]), unit: 'ms' });
      const value = median(times[0].map((ms, index) => ms / times[1][index]!));
      report({ row, column: 'one stopped', metric: 'share of the rate', value, unit: 'ratio', target: TARGET });
      reached &&= holds(TARGET, value);
    }
    return reached;
  },
} satisfies Bench;
