// SPDX-License-Identifier: Apache-2.0
import { flowSection, messagesSection } from '../detail.ts';
import { page } from '../page.ts';
import type { NumberedRecord } from '../reading.ts';
import { clock } from '../sequence.ts';
import { words } from '../table.ts';

/** The end of xend.log. */
export const log = page<NumberedRecord>({
  name: 'log',
  wishes: { log: true },
  tail: true,
  columns: () => [
    words('time', 'WHEN', 8, 1, ({ time }) => clock(time)),
    words('level', 'LEVEL', 8, 2, ({ level }) => level),
    { ...words('source', 'SOURCE', 20, 4, ({ source }: NumberedRecord) => source), grow: true },
    { ...words('text', 'TEXT', 30, 0, ({ text }: NumberedRecord) => text.split('\n')[0] ?? ''), grow: true },
  ],
  rows: ({ reading }) => reading.log ?? [],
  id: ({ number }) => String(number),
  detail: (row, { reading }, width) => {
    const { time, level, source, pid, text } = row;
    const [before, until] = ofSameDomains(row, reading.log ?? []);
    return [
      new Date(time).toString().replace(/ GMT.*/, ''),
      `${level} from ${source}, process ${pid}`,
      '',
      ...text.split('\n'),
      ...messagesSection(before, 'Before it, of the same domains'),
      ...flowSection(until, width),
    ];
  },
});

/** A domain as records name it. */
const DOMAIN = /(\S+) \((?:id=)?\d+[,)]/g;

const domainsIn = ({ text }: NumberedRecord): readonly string[] => [...text.matchAll(DOMAIN)].map(([, name]) => name!);

/** Records that name one of the domains that this one does: those before it, and those with it. */
function ofSameDomains(
  row: NumberedRecord,
  records: readonly NumberedRecord[],
): readonly [before: readonly NumberedRecord[], until: readonly NumberedRecord[]] {
  const wanted = new Set(domainsIn(row));
  const until = records.filter((one) => one.number <= row.number && domainsIn(one).some((name) => wanted.has(name)));
  return [until.filter(({ number }) => number < row.number), until];
}
