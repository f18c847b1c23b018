// SPDX-License-Identifier: Apache-2.0
import type { VcpuInfo } from '../../xend/contract.ts';
import { affinityText } from '../cpus.ts';
import { type Columns, nameWidth } from './columns.ts';

/** Three characters: running, blocked, paused because it is offline. */
const stateOf = ({ online, running, blocked }: VcpuInfo): string =>
  online ? `${running ? 'r' : '-'}${blocked ? 'b' : '-'}-` : '--p';

/** `-` while it is offline, empty where nobody knows. */
const cpuOf = ({ online, cpu }: VcpuInfo): string => (online ? (cpu < 0 ? '' : String(cpu)) : '-');

/** What `xm vcpu-list -c` knows. @param host processors that there are */
export const vcpuColumns = (host: readonly number[]): Columns<VcpuInfo> => ({
  name: { doc: 'Name of the domain.', of: ({ name }) => name },
  domid: { doc: 'Id of the domain.', of: ({ domid }) => domid },
  vcpu: { doc: 'Number of the virtual processor.', of: ({ vcpu }) => vcpu },
  cpu: { doc: 'Processor on which it ran last.', of: (one) => (one.cpu < 0 ? undefined : one.cpu) },
  state: { doc: 'r running, b blocked, p offline.', of: stateOf },
  time: { doc: 'Seconds of processor time.', of: ({ cpuTime }) => Number(cpuTime.toFixed(1)) },
  affinity: { doc: 'Processors on which it may run.', of: ({ affinity }) => affinityText(affinity, host) },
});

/** `xm vcpu-list` (spec/xend.md 4.3): the values stand one to the right of a title that is one wider. */
export function vcpuTable(vcpus: readonly VcpuInfo[], host: readonly number[]): string {
  const width = nameWidth(vcpus, 32);
  const line = (cells: readonly [string, string, string, string, string, string, string]) =>
    `${cells[0].padEnd(width)} ${cells
      .slice(1, 5)
      .map((cell) => cell.padStart(5))
      .join(' ')} ${cells[5].padStart(9)} ${cells[6]}\n`;
  const row = (one: VcpuInfo) =>
    line([
      one.name,
      String(one.domid),
      String(one.vcpu),
      cpuOf(one),
      stateOf(one),
      one.cpuTime.toFixed(1),
      affinityText(one.affinity, host),
    ]);
  return line(['Name', 'ID', 'VCPU', 'CPU', 'State', 'Time(s)', 'CPU Affinity']) + vcpus.map(row).join('');
}
