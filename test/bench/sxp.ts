// SPDX-License-Identifier: Apache-2.0
// How fast SXP is read and printed: one JSON object a line.
import { toSxp } from '../../src/sxp/access.ts';
import { parse } from '../../src/sxp/parse.ts';
import { prettyPrint } from '../../src/sxp/pretty.ts';
import { show } from '../../src/sxp/show.ts';

const RUNS = 9;

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

const text = Array.from({ length: 5000 }, (_, index) => domain(index)).join('');
const megabytes = text.length / 1e6;
const forms = parse({ name: 'bench', text }).forms.map(toSxp);

/** Median of several runs in milliseconds; the first ones, which compile the code, are left out. */
function median(run: () => unknown): number {
  const times = Array.from({ length: RUNS + 3 }, () => {
    const start = performance.now();
    run();
    return performance.now() - start;
  });
  return times.slice(3).sort((a, b) => a - b)[RUNS >> 1]!;
}

const rows: Record<string, () => unknown> = {
  parse: () => parse({ name: 'bench', text }),
  show: () => forms.map(show),
  prettyPrint: () => forms.map(prettyPrint),
};

for (const [row, run] of Object.entries(rows)) {
  const column = `${megabytes.toFixed(2)} MB`;
  console.log(
    JSON.stringify({ bench: 'sxp', row, column, metric: 'time', value: median(run) / megabytes, unit: 'ms/MB' }),
  );
}
