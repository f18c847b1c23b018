// SPDX-License-Identifier: Apache-2.0
import { closeSync, openSync, read, write, writeSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { carryOut, type Load } from './kernels/load.ts';
import { type Bench, median } from './report.ts';
import { converse, startSupervisor } from './supervisor.ts';

const KERNEL = fileURLToPath(new URL('./kernels/vbd-load.ts', import.meta.url));
const MB = 1024 * 1024;
const SIZE = 64 * MB;
const ROUNDS = 15;
/** Rounds that compile the code and fill the page cache; they do not count. */
const WARM_UP = 2;

const LOADS: Readonly<Record<string, Load>> = {
  'read 1 MiB': { op: 'read', chunk: MB, depth: 1, count: 256, random: false },
  'write 1 MiB': { op: 'write', chunk: MB, depth: 1, count: 128, random: false },
  'read 4 KiB random, depth 1': { op: 'read', chunk: 4096, depth: 1, count: 4000, random: true },
  'read 4 KiB random, depth 16': { op: 'read', chunk: 4096, depth: 16, count: 16000, random: true },
};

/** A disk with the kernel's own memory, a disk with memory that it lends, and the file itself. */
const WAYS = ['copied', 'lent', 'fs'] as const;
type Way = (typeof WAYS)[number];

/** Throughput of a load that took `time` milliseconds. */
function throughput({ chunk, count, random }: Load, time: number): { readonly value: number; readonly unit: string } {
  return random
    ? { value: count / time, unit: 'thousand/s' }
    : { value: (chunk * count) / MB / (time / 1000), unit: 'MiB/s' };
}

/**
 * The same file, the same operations, in turns: through a disk of a domain, and by `fs.read` and `fs.write` of a process that
 * has the file to itself. The ratio is the median of each round's, so that what else the machine does hits both.
 */
export default {
  title: 'throughput of a disk, as a ratio to plain fs.read and fs.write of its image',
  async run(report) {
    await using supervisor = await startSupervisor();
    const image = join(supervisor.directory, 'disk.img');
    const fd = openSync(image, 'w+');
    for (let at = 0; at < SIZE; at += MB) writeSync(fd, Buffer.alloc(MB, at / MB + 1), 0, MB, at);
    await supervisor.create(
      'load',
      `(memory 64) (image (js (kernel '${KERNEL}'))) (device (vbd (uname 'file:${image}') (dev xvda) (mode w)))`,
    );
    using guest = converse(await supervisor.console('load'));

    async function onDisk(load: Load, lent: boolean): Promise<number> {
      const answer = await guest.ask(JSON.stringify({ ...load, lent }));
      if (Number.isNaN(Number(answer))) throw new Error(answer);
      return Number(answer);
    }

    function onFile(load: Load): Promise<number> {
      return carryOut(load, SIZE, (offset, buffer, done) => {
        if (load.op === 'read') read(fd, buffer, 0, buffer.length, offset, done);
        else write(fd, buffer, 0, buffer.length, offset, done);
      });
    }

    for (const [row, load] of Object.entries(LOADS)) {
      const times: Record<Way, number[]> = { copied: [], lent: [], fs: [] };
      for (let round = 0; round < WARM_UP + ROUNDS; round++) {
        for (const way of WAYS) {
          const time = way === 'fs' ? await onFile(load) : await onDisk(load, way === 'lent');
          if (round >= WARM_UP) times[way].push(time);
        }
      }
      for (const way of WAYS) {
        report({ row, column: way, metric: 'throughput', ...throughput(load, median(times[way])) });
      }
      for (const way of ['copied', 'lent'] as const) {
        const ratio = median(times[way].map((time, round) => times.fs[round]! / time));
        report({ row, column: way, metric: 'to fs', value: ratio, unit: 'ratio' });
      }
    }
    closeSync(fd);
    return true;
  },
} satisfies Bench;
