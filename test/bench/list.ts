// SPDX-License-Identifier: Apache-2.0
import { leastCpu } from './least-cpu.ts';
import type { Bench } from './report.ts';
import { startSupervisor } from './supervisor.ts';

const RUNS = 20;
const MANY = 200;
/** How often xend is asked while its own time is taken. */
const CALLS = 20;
const IDLE = '(memory 1) (pool shared) (image (js (kernel idle)))';

/** What `xm list` takes when there is much to list, beside what it takes for one domain; false when that is twice as much. */
export default {
  title: `CPU time of xm list with ${MANY} domains, beside that with one`,
  async run(report) {
    await using supervisor = await startSupervisor({ poolThreads: 1 });
    const { xend, directory } = supervisor;
    const http = new URL('../../dist/src/xend/http/server.js', import.meta.url);
    const { serveXend } = (await import(http.href)) as typeof import('../../src/xend/http/server.ts');
    const server = await serveXend(xend, `${directory}/xend.sock`);
    const env = { XEND_RUNDIR: directory, XEND_STATEDIR: directory };
    const commands = { 'xm list': ['bin/xm', 'list'], 'xm list -l': ['bin/xm', 'list', '-l'] };

    async function measure(column: string): Promise<Readonly<Record<string, number>>> {
      const values: Record<string, number> = {};
      for (const [row, command] of Object.entries(commands)) {
        const value = await leastCpu(command, RUNS, env);
        values[row] = value;
        report({ row, column, metric: `least of ${RUNS}`, value, unit: 'ms' });
      }
      const before = process.cpuUsage();
      for (let call = 0; call < CALLS; call++) await xend.methods['domain.all']({});
      const { user, system } = process.cpuUsage(before);
      report({ row: 'xend, for one list', column, metric: 'mean', value: (user + system) / 1000 / CALLS, unit: 'ms' });
      return values;
    }

    await supervisor.create('one', IDLE);
    // The first run after a build fills the compile cache.
    await leastCpu(commands['xm list'], 1, env);
    const one = await measure('1 domain');
    for (let index = 1; index < MANY; index++) await supervisor.create(`idle${index}`, IDLE);
    const many = await measure(`${MANY} domains`);
    const ratio = many['xm list']! / one['xm list']!;
    const target = { is: '<=', value: 2 } as const;
    report({ row: 'xm list', column: 'ratio', metric: `least of ${RUNS}`, value: ratio, unit: 'x', target });
    server.close();
    return ratio <= target.value;
  },
} satisfies Bench;
