// SPDX-License-Identifier: Apache-2.0
import { toSxp } from '../../src/sxp/access.ts';
import { parse } from '../../src/sxp/parse.ts';
import { prettyPrint } from '../../src/sxp/pretty.ts';
import { show } from '../../src/sxp/show.ts';
import { type Bench, median } from './report.ts';

const RUNS = 9;
/** Runs that compile the code; they do not count. */
const WARM_UP = 3;

function domain(index: number): string {
  return `# domain ${index}
(vm
    (name vm${index})
    (memory 64)
    (image (js (kernel shell) (args "root=/dev/xvda1 ro")))
    (device (vbd (uname 'file:/srv/disks/vm ${index}.img') (dev xvda) (mode w)))
)
`;
}

function medianTime(run: () => unknown): number {
  const times = Array.from({ length: RUNS + WARM_UP }, () => {
    const start = performance.now();
    run();
    return performance.now() - start;
  });
  return median(times.slice(WARM_UP));
}

export default {
  title: 'reading and printing SXP',
  async run(report) {
    const text = Array.from({ length: 5000 }, (_, index) => domain(index)).join('');
    const megabytes = text.length / 1e6;
    const forms = parse({ name: 'bench', text }).forms.map(toSxp);
    const rows: Record<string, () => unknown> = {
      parse: () => parse({ name: 'bench', text }),
      show: () => forms.map(show),
      prettyPrint: () => forms.map(prettyPrint),
    };
    const column = `${megabytes.toFixed(2)} MB`;
    for (const [row, run] of Object.entries(rows)) {
      report({ row, column, metric: 'median', value: medianTime(run) / megabytes, unit: 'ms/MB' });
    }
    return true;
  },
} satisfies Bench;
