// SPDX-License-Identifier: Apache-2.0
import { uptime as hostUptime } from 'node:os';
import type { DomainInfo, ListedDomain } from '../../xend/contract.ts';
import { duration, shortDuration } from '../time.ts';
import { type Columns, nameWidth } from './columns.ts';

/** What `xm list` needs of a domain; managed domains that are not there have no id and no state. */
type Row = Pick<ListedDomain, 'name' | 'domid' | 'memory' | 'vcpus' | 'state' | 'cpuTime'>;

/** What `xm list -c` knows. */
export const DOMAIN_COLUMNS: Columns<ListedDomain> = {
  name: { doc: 'Name.', of: ({ name }) => name },
  domid: { doc: 'Id.', of: ({ domid }) => domid },
  mem: { doc: 'Memory, MB.', of: ({ memory }) => memory },
  vcpus: { doc: 'Virtual processors.', of: ({ vcpus }) => vcpus },
  state: {
    doc: 'Six letters: r running, b blocked, p paused, s shut down, c crashed, d dying.',
    of: ({ state }) => state,
  },
  time: { doc: 'Seconds of processor time.', of: ({ cpuTime }) => Number(cpuTime.toFixed(1)) },
  uptime: {
    doc: 'Seconds since it was built, or of Domain-0 since the machine was.',
    of: ({ uptime }) => (uptime === undefined ? undefined : Math.floor(uptime)),
  },
  pool: { doc: 'Pool of threads.', of: ({ pool }) => pool },
  uuid: { doc: 'The id that no other domain ever has.', of: ({ uuid }) => uuid },
  reason: { doc: 'Why it ended, if it did.', of: ({ shutdownReason }) => shutdownReason },
};

/** The columns of `xm list` (spec/xend.md 4.3): the last title is one wider than its values, as it always was. */
const row = (
  cells: readonly [string, string, string, string, string, string],
  firstWidth: number,
  lastWidth: number,
): string =>
  `${cells[0].padEnd(firstWidth)} ${cells[1].padStart(5)} ${cells[2].padStart(5)} ${cells[3].padStart(5)} ${cells[4].padStart(10)} ${cells[5].padStart(lastWidth)}\n`;

/** `xm list`: one line a domain in the given order, under a header. */
export function listTable(domains: readonly Row[]): string {
  const width = nameWidth(domains, 40);
  const line = (one: Row) =>
    row(
      [
        one.name,
        one.domid === undefined ? '' : String(one.domid),
        String(one.memory),
        String(one.vcpus),
        one.state,
        one.cpuTime.toFixed(1),
      ],
      width,
      8,
    );
  return row(['Name', 'ID', 'Mem', 'VCPUs', 'State', 'Time(s)'], width, 9) + domains.map(line).join('');
}

type Uptime = Pick<DomainInfo, 'name' | 'domid' | 'uptime'>;

/** What `xm uptime -c` knows. */
export const UPTIME_COLUMNS: Columns<Uptime> = {
  name: { doc: 'Name.', of: ({ name }) => name },
  domid: { doc: 'Id.', of: ({ domid }) => domid },
  uptime: {
    doc: 'Seconds since it was built, or of Domain-0 since the machine was.',
    of: ({ uptime }) => Math.floor(uptime),
  },
};

/** A row of `xm uptime`: Domain-0 is as old as the machine (spec/xend.md 4.3). */
export function uptimeOf({ name, domid, uptime }: Uptime): Uptime {
  return { name, domid, uptime: domid === 0 ? hostUptime() : uptime };
}

/** `xm uptime`. */
export function uptimeTable(domains: readonly Uptime[]): string {
  const width = nameWidth(domains, 32);
  const line = (one: Uptime) => `${one.name.padEnd(width)} ${String(one.domid).padStart(5)} ${duration(one.uptime)}\n`;
  return `${'Name'.padEnd(width + 1)} ${'ID'.padStart(4)} Uptime \n${domains.map(line).join('')}`;
}

/**
 * `xm uptime -s`: a sentence a domain, like uptime(1).
 *
 * @param now milliseconds since 1970.
 */
export function uptimeLines(domains: readonly Uptime[], now: number): string {
  return domains
    .map(
      (one) =>
        ` ${new Date(now).toTimeString().slice(0, 8)} up ${shortDuration(one.uptime)}, ${one.name} (${one.domid})\n`,
    )
    .join('');
}
