// SPDX-License-Identifier: Apache-2.0
import type { DomainRow, RingRow } from './sample.ts';
import type { Column } from './table.ts';

const BAR = 10;

/**
 * The columns of xentop that have a meaning here, with its titles and widths (spec/xend.md 6). `SSID` has none: there are
 * no security labels.
 */
export const domainColumns: readonly Column<DomainRow>[] = [
  { key: 'name', title: 'NAME', width: 10, rank: 0, text: (row) => row.name },
  { key: 'state', title: 'STATE', width: 6, rank: 1, text: (row) => row.state },
  number('cpuSeconds', 'CPU(sec)', 10, 4),
  number('cpuPercent', 'CPU(%)', 6, 2, 1),
  number('memoryKib', 'MEM(k)', 10, 3),
  number('memoryPercent', 'MEM(%)', 6, 9, 1),
  { ...number('maxKib', 'MAXMEM(k)', 10, 10), text: (row) => (row.maxKib === 0 ? 'no limit' : whole(row.maxKib)) },
  {
    ...number('maxPercent', 'MAXMEM(%)', 9, 15, 1),
    text: (row) => (row.maxKib === 0 ? 'n/a' : row.maxPercent.toFixed(1)),
  },
  number('vcpus', 'VCPUS', 5, 16),
  number('nets', 'NETS', 4, 13),
  number('netTxKib', 'NETTX(k)', 8, 11),
  number('netRxKib', 'NETRX(k)', 8, 12),
  number('vbds', 'VBDS', 4, 7),
  number('vbdDelayed', 'VBD_OO', 8, 14),
  number('vbdReads', 'VBD_RD', 8, 5),
  number('vbdWrites', 'VBD_WR', 8, 6),
  number('vbdReadSectors', 'VBD_RSECT', 10, 8),
  number('vbdWrittenSectors', 'VBD_WSECT', 10, 8),
];

/** The same with room for the longest of the names. */
export function withFullNames(rows: readonly DomainRow[]): readonly Column<DomainRow>[] {
  const width = Math.max(10, ...rows.map(({ name }) => name.length));
  return domainColumns.map((column) => (column.key === 'name' ? { ...column, width } : column));
}

/** Shared rings. The bar is there for the eye, the numbers beside it for scripts. */
export const ringColumns: readonly Column<RingRow>[] = [
  { key: 'domain', title: 'DOMAIN', width: 10, left: true, rank: 9, text: (row) => row.domain },
  { key: 'device', title: 'DEVICE', width: 10, left: true, rank: 0, text: (row) => row.device },
  { key: 'direction', title: 'DIRECTION', width: 10, left: true, rank: 1, text: (row) => row.direction },
  { key: 'used', title: 'USED/SIZE', width: 13, rank: 2, text: (row) => `${row.used}/${row.size}` },
  { key: 'fill', title: 'FILL', width: BAR + 2, left: true, rank: 5, text: fillBar },
  { key: 'requestRate', title: 'REQ/s', width: 9, rank: 3, text: (row) => orDash(row.requestRate, whole) },
  { key: 'byteRate', title: 'MB/s', width: 8, rank: 6, text: (row) => orDash(row.byteRate, megabytes) },
  { key: 'notifications', title: 'NOTIFIED', width: 9, rank: 7, text: (row) => whole(row.notifications) },
  {
    key: 'saved',
    title: 'SAVED(%)',
    width: 8,
    rank: 4,
    text: (row) => orDash(row.savedPercent, (value) => value.toFixed(1)),
  },
];

/** Used slots as a bar: `[###.......]`. Anything at all shows one mark, and only a full ring shows all. */
function fillBar({ used, size }: Pick<RingRow, 'used' | 'size'>): string {
  const share = size > 0 ? Math.min(1, used / size) : 0;
  const marks = share === 1 ? BAR : Math.min(BAR - 1, Math.ceil(share * BAR));
  return `[${'#'.repeat(marks)}${'.'.repeat(BAR - marks)}]`;
}

type NumberKey = { [K in keyof DomainRow]: DomainRow[K] extends number ? K : never }[keyof DomainRow];

function number(key: NumberKey, title: string, width: number, rank: number, digits = 0): Column<DomainRow> {
  return { key, title, width, rank, text: (row) => row[key].toFixed(digits), order: (row) => row[key] };
}

function whole(value: number): string {
  return value.toFixed(0);
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(2);
}

function orDash(value: number | undefined, text: (value: number) => string): string {
  return value === undefined ? '-' : text(value);
}
