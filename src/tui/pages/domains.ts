// SPDX-License-Identifier: Apache-2.0
import { stallSentence } from '../../xend/stalls/words.ts';
import { facts, flowSection, historySection, messagesSection, ofDomain, section } from '../detail.ts';
import { page, type World } from '../page.ts';
import type { DomainRow, RingRow } from '../sample.ts';
import { sparkline } from '../spark.ts';
import { type Column, number } from '../table.ts';
import { ringLines } from './rings.ts';

/** Characters of the last minute in a table. */
const SPARK = 20;
/** A processor that does nothing else. */
const PERCENT = 100;

/**
 * The columns of xentop that have a meaning here, with its titles and widths (spec/xend.md 6). `SSID` has none: there are
 * no security labels.
 */
export const domainColumns: readonly Column<DomainRow>[] = [
  { key: 'name', title: 'NAME', width: 10, rank: 0, grow: true, text: (row) => row.name },
  { key: 'state', title: 'STATE', width: 6, rank: 1, text: (row) => row.state, doc: 'd s b c p r: see above' },
  {
    ...number('cpuSeconds', 'CPU(sec)', 10, 4, (row: DomainRow) => row.cpuSeconds),
    text: (row) => `${row.cpuEstimated ? '~' : ''}${row.cpuSeconds.toFixed(0)}`,
    doc: '~ is a share of a thread that has several domains, by their events',
  },
  number('cpuPercent', 'CPU(%)', 6, 2, (row) => row.cpuPercent, 1),
  number('memoryKib', 'MEM(k)', 10, 3, (row) => row.memoryKib),
  number('memoryPercent', 'MEM(%)', 6, 9, (row) => row.memoryPercent, 1),
  {
    ...number('maxKib', 'MAXMEM(k)', 10, 10, (row: DomainRow) => row.maxKib),
    text: (row) => (row.maxKib === 0 ? 'no limit' : row.maxKib.toFixed(0)),
  },
  {
    ...number('maxPercent', 'MAXMEM(%)', 9, 15, (row: DomainRow) => row.maxPercent, 1),
    text: (row) => (row.maxKib === 0 ? 'n/a' : row.maxPercent.toFixed(1)),
  },
  number('vcpus', 'VCPUS', 5, 16, (row) => row.vcpus),
  number('nets', 'NETS', 4, 13, (row) => row.nets),
  number('netTxKib', 'NETTX(k)', 8, 11, (row) => row.netTxKib),
  number('netRxKib', 'NETRX(k)', 8, 12, (row) => row.netRxKib),
  number('vbds', 'VBDS', 4, 7, (row) => row.vbds),
  { ...number('vbdDelayed', 'VBD_OO', 8, 14, (row) => row.vbdDelayed), doc: 'requests delayed for want of room' },
  number('vbdReads', 'VBD_RD', 8, 5, (row) => row.vbdReads),
  number('vbdWrites', 'VBD_WR', 8, 6, (row) => row.vbdWrites),
  number('vbdReadSectors', 'VBD_RSECT', 10, 8, (row) => row.vbdReadSectors),
  number('vbdWrittenSectors', 'VBD_WSECT', 10, 8, (row) => row.vbdWrittenSectors),
];

/** The same with room for the longest of the names. */
export function withFullNames(rows: readonly DomainRow[]): readonly Column<DomainRow>[] {
  const width = Math.max(10, ...rows.map(({ name }) => name.length));
  return domainColumns.map((column) => (column.key === 'name' ? { ...column, width } : column));
}

/** xentop's page, and each domain's CPU over the last minute. */
export const domains = page<DomainRow>({
  name: 'domains',
  wishes: {},
  columns: ({ history }) => [
    ...domainColumns,
    {
      key: 'history',
      title: 'CPU, LAST MINUTE',
      width: SPARK,
      rank: 17,
      picture: true,
      text: ({ domid }) => sparkline(history.line('cpu', String(domid)), SPARK, PERCENT),
    },
  ],
  rows: ({ sample }) => [...sample.domains].sort((a, b) => a.domid - b.domid),
  id: ({ domid, name }) => `${domid} ${name}`,
  remark: ({ gone }) => (gone === undefined ? undefined : `gone: ${gone}`),
  about: (row, world) => [...new Set([row.name, ...ringsOf(row, world).map(({ back }) => back)])],
  detail: (row, world, width) => [
    `Domain ${row.name} (${row.domid})${row.gone === undefined ? '' : `, gone: ${row.gone}`}`,
    ...facts([
      ['state', row.shutdownReason === undefined ? row.state : `${row.state} ${row.shutdownReason}`],
      ['CPU', `${row.cpuEstimated ? 'about ' : ''}${row.cpuSeconds.toFixed(2)} s, ${row.cpuPercent.toFixed(1)} % now`],
      ['memory', `${row.memoryKib} KiB of ${row.maxKib} KiB`],
      ['disks', `${row.vbds}: ${row.vbdReads} reads, ${row.vbdWrites} writes, ${row.vbdDelayed} delayed`],
    ]),
    ...historySection('CPU, last minute', world.history.line('cpu', String(row.domid)), '%', PERCENT),
    ...stallLines(row, world),
    ...ringLines(ringsOf(row, world), width),
    ...messagesSection(world.reading.about?.filter(({ text }) => text.includes(row.name))),
    ...flowSection(world.reading.about, width, ofDomain(row.domid)),
  ],
});

/** What the domain has, or has to do. */
function stallLines({ domid }: DomainRow, { sample: { stalls = [] } }: World): readonly string[] {
  const own = stalls.filter((stall) => stall.domid === domid || stall.owes.domid === domid);
  return own.length === 0
    ? []
    : section(
        'Stalled',
        own.map((stall) => `  ${stallSentence(stall)}`),
      );
}

function ringsOf({ domid }: DomainRow, { sample }: World): readonly RingRow[] {
  return sample.rings.filter((ring) => ring.domid === domid || ring.backId === domid);
}
