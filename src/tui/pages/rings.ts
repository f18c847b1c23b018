// SPDX-License-Identifier: Apache-2.0
import {
  facts,
  historySection,
  messagesSection,
  recordsOf,
  ringFlow,
  ringMessagesSection,
  section,
} from '../detail.ts';
import { bucketOf, shortAge, shortTime } from '../latency.ts';
import { page } from '../page.ts';
import { isByteRing, type RingRow } from '../sample.ts';
import { bar, sparkline } from '../spark.ts';
import { type Column, fitColumns, headerLine, number, rowLine, words } from '../table.ts';

/** Characters of the fill bar, of the last minute, and of a bar of the histogram. */
const FILL = 10;
const SPARK = 20;
const HISTOGRAM = 40;

/** Shared rings. The bar is there for the eye, the numbers beside it for scripts. */
export const ringColumns: readonly Column<RingRow>[] = [
  { ...words('domain', 'FRONT', 10, 2, (row: RingRow) => row.domain), doc: "the front end's domain", grow: true },
  { ...words('back', 'BACK', 10, 5, (row: RingRow) => row.back), doc: "the back end's domain", grow: true },
  {
    ...words('class', 'CLASS', 7, 10, (row: RingRow) => row.class),
    doc: 'a class of devices, idc, vchan, vsock or argo',
  },
  {
    ...words('device', 'DEVICE', 12, 0, (row: RingRow) => row.device),
    grow: true,
    doc: 'or address, vchan, :PORT/PARTNER of Argo',
  },
  {
    ...words('direction', 'DIRECTION', 10, 1, (row: RingRow) => row.direction),
    doc: 'who asks > who answers; bytes: out of FRONT, or in',
  },
  {
    ...number('used', 'USED/SIZE', 11, 6, (row: RingRow) => row.used),
    text: (row) => `${row.used}/${row.size}`,
    doc: 'slots, or bytes of a byte ring',
  },
  {
    ...words('fill', 'FILL', FILL + 2, 10, (row: RingRow) => bar(row.used, row.size, FILL)),
    order: fillOf,
    picture: true,
  },
  number('requestRate', 'REQ/s', 8, 3, (row) => row.requestRate),
  number('byteRate', 'MB/s', 8, 7, (row) => row.byteRate && row.byteRate / 1e6, 2),
  { ...number('p50', 'P50', 6, 8, (row: RingRow) => row.p50), text: (row) => time(row.p50), doc: 'median latency' },
  {
    ...number('p99', 'P99', 6, 9, (row: RingRow) => row.p99),
    text: (row) => time(row.p99),
    doc: '99 of 100 are faster',
  },
  {
    ...number('notificationRate', 'NOTIFY/s', 8, 12, (row: RingRow) => row.notificationRate),
    doc: 'of both ends, for all rings of a connection',
  },
  {
    ...number('savedPercent', 'SAVED(%)', 8, 11, (row: RingRow) => row.savedPercent, 1),
    doc: 'requests and answers that needed no notification of their own',
  },
  {
    ...number('waits', 'WAITS', 7, 13, (row: RingRow) => row.waits),
    doc: 'requests ever that waited for a slot; writers of bytes that wait now',
  },
  {
    ...number('stalled', 'STALLED', 7, 4, (row: RingRow) => row.stalled),
    text: ({ stalled }) => (stalled === undefined ? '-' : shortAge(stalled)),
    doc: 'for how long it should move and has not',
  },
];

/** Rings as a part of an opened row, with the columns that fit. @param width of the screen, in characters */
export function ringLines(rings: readonly RingRow[], width: number, none = 'none'): readonly string[] {
  const fitted = fitColumns(ringColumns, width - 2, rings);
  const lines = rings.length === 0 ? [none] : [headerLine(fitted), ...rings.map((ring) => rowLine(fitted, ring))];
  return section(
    'Rings',
    lines.map((line) => `  ${line}`),
  );
}

/** Where the ends of rings meet, if that is at an address. */
export function addressOf(rings: readonly RingRow[]): string | undefined {
  return rings.find(({ class: kind }) => kind === 'idc')?.device;
}

/** One row a ring. */
export const rings = page<RingRow>({
  name: 'rings',
  wishes: {},
  columns: ({ history }) => [
    ...ringColumns,
    {
      key: 'history',
      title: 'LAST MINUTE',
      width: SPARK,
      rank: 14,
      picture: true,
      text: ({ id }) => sparkline(history.line('ring', id), SPARK),
    },
  ],
  rows: ({ sample }) => sample.rings,
  id: ({ id }) => id,
  about: ({ domain, back }) => [domain, back],
  ringsOf: (row) => [row],
  addressOf: (row) => addressOf([row]),
  detail: (row, { history, reading }, width) => [
    `Ring ${row.class} ${row.device}, ${row.direction}, of ${row.domain} (${row.domid}) and ${row.back} (${row.backId})`,
    ...facts([
      ['in use', `${row.used} of ${row.size} ${bar(row.used, row.size, HISTOGRAM)}`],
      ...indexes(row),
      ['stalled', row.stall ?? 'no'],
      [
        'notified',
        `${row.notifications} since the last round, ${time(row.savedPercent, (p) => `${p.toFixed(1)} %`)} saved`,
      ],
    ]),
    ...historySection(
      `${isByteRing(row) && row.requestRate === undefined ? 'Bytes' : 'Requests'} a second, last minute`,
      history.line('ring', row.id),
      'a second',
    ),
    ...historySection('In use, last minute', history.line('fill', row.id), `of ${row.size}`),
    ...histogram(row),
    ...ringMessagesSection([row], reading.messages),
    ...messagesSection(recordsOf([row], reading.about)),
    ...ringFlow([row], reading, width),
  ],
});

/** How far its ends are, and who had to wait. */
function indexes(row: RingRow): readonly (readonly [name: string, value: string])[] {
  const waits = row.waits ?? '-';
  if (isByteRing(row)) {
    return [
      ['written', `${row.reqProd} bytes`],
      ['read', `${row.reqCons} bytes`],
      ['waits', row.waits === undefined ? '-' : `${waits} for room now`],
    ];
  }
  return [
    ['requests', `req_prod ${row.reqProd}, req_cons ${row.reqCons}`],
    ['answers', `rsp_prod ${row.rspProd}, rsp_cons ${row.rspCons}`],
    ['waits', `${waits} requests ever found no slot`],
  ];
}

function histogram({ latency }: RingRow): readonly string[] {
  const most = Math.max(...latency, 0);
  if (most === 0) return [];
  const first = latency.findIndex((count) => count > 0);
  const last = latency.findLastIndex((count) => count > 0);
  const lines = latency.slice(first, last + 1).map((count, index) => {
    const below = shortTime(bucketOf(first + index)[1]).padStart(6);
    return `  < ${below} ${'#'.repeat(Math.ceil((count / most) * HISTOGRAM)).padEnd(HISTOGRAM)} ${count}`;
  });
  return section('Latency since the last round', lines);
}

function fillOf({ used, size }: RingRow): number {
  return size > 0 ? used / size : 0;
}

function time(value: number | undefined, text: (value: number) => string = shortTime): string {
  return value === undefined ? '-' : text(value);
}
