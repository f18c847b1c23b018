// SPDX-License-Identifier: Apache-2.0
import { Writable } from 'node:stream';
import { openEmulator } from '../support/screen.ts';
import { domainStats, ringStats, stats } from '../unit/tui/stats.ts';
import type { Bench } from './report.ts';

const APP = new URL('../../dist/src/tui/app.js', import.meta.url).href;
const DOMAINS = 200;
const RINGS = 1000;
/** Frames that count, and those before them that compile the code. */
const FRAMES = 40;
const WARM_UP = 10;
/** Seconds between two frames. */
const DELAY = 0.5;
/** Of one core, percent. */
const BUDGET = 10;

/** What a busy machine answers in a round, as it comes from xend's socket. */
function answerOf(round: number): string {
  return JSON.stringify(
    stats(
      Array.from({ length: DOMAINS }, (_, domid) =>
        domainStats(domid, `dom${domid}`, { cpuTime: round * (domid % 7) }),
      ),
      Array.from({ length: RINGS }, (_, index) =>
        ringStats(index % DOMAINS, `xvd${Math.floor(index / DOMAINS)}`, {
          reqProd: round * (1000 + index),
          rspProd: round * (1000 + index),
          timing: {
            waits: index,
            waitingSince: 0,
            answeredAt: 0,
            latency: Array.from({ length: 24 }, (_, b) => round * b),
          },
        }),
      ),
      round * DELAY,
    ),
  );
}

async function measure(page: string, columns: number, rows: number): Promise<{ percent: number; bytes: number }> {
  process.env.NODE_ENV = 'production';
  // Node does not run TSX.
  const { openScreen }: typeof import('../../src/tui/app.tsx') = await import(APP);
  const answers = Array.from({ length: FRAMES + WARM_UP }, (_, round) => answerOf(round));
  const finished = Promise.withResolvers<void>();
  let round = 0;
  let began = process.cpuUsage();
  let bytes = 0;
  const source = {
    async read() {
      if (round === WARM_UP) {
        began = process.cpuUsage();
        bytes = 0;
      }
      const answer = answers[round++];
      if (answer === undefined) {
        finished.resolve();
        return new Promise<never>(() => {});
      }
      return { stats: JSON.parse(answer) };
    },
    close() {},
  };
  const { stdin } = openEmulator(columns, rows);
  const stdout = Object.assign(
    new Writable({
      write(chunk, _encoding, done) {
        bytes += chunk.length;
        done();
      },
    }),
    { columns, rows, isTTY: true },
  );
  const done = openScreen(
    { source, delay: DELAY, page },
    { stdin: stdin as never, stdout: stdout as never, interactive: true },
  );
  await finished.promise;
  const { user, system } = process.cpuUsage(began);
  stdin.write('q');
  await done;
  return { percent: ((user + system) / 1000 / (FRAMES * DELAY * 1000)) * 100, bytes: bytes / FRAMES };
}

export default {
  title: `CPU of xm top: ${DOMAINS} domains, ${RINGS} rings, ${1 / DELAY} frames a second`,
  async run(report) {
    let reached = true;
    for (const page of ['domains', 'rings']) {
      for (const [columns, rows] of [
        [80, 24],
        [250, 70],
      ] as const) {
        const { percent, bytes } = await measure(page, columns, rows);
        const row = `${page}, ${columns}x${rows}`;
        report({
          row,
          column: 'xm top',
          metric: 'CPU',
          value: percent,
          unit: '% of a core',
          target: { is: '<=', value: BUDGET },
        });
        report({ row, column: 'xm top', metric: 'output', value: bytes, unit: 'bytes a frame' });
        reached &&= percent <= BUDGET;
      }
    }
    return reached;
  },
} satisfies Bench;
