// SPDX-License-Identifier: Apache-2.0
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
    words('source', 'SOURCE', 20, 4, ({ source }) => source),
    { ...words('text', 'TEXT', 30, 0, ({ text }: NumberedRecord) => text.split('\n')[0] ?? ''), grow: true },
  ],
  rows: ({ reading }) => reading.log ?? [],
  id: ({ number }) => String(number),
  detail: ({ time, level, source, pid, text }) => [
    `${new Date(time).toString()}`,
    `${level} from ${source}, process ${pid}`,
    '',
    ...text.split('\n'),
  ],
});
