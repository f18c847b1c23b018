// SPDX-License-Identifier: Apache-2.0
import { facts, flowSection, messagesSection } from '../detail.ts';
import { page } from '../page.ts';
import type { GrantRow } from '../sample.ts';
import { number, words } from '../table.ts';

/** Who maps what from whom. */
export const grants = page<GrantRow>({
  name: 'grants',
  wishes: { grants: true },
  columns: () => [
    words('domain', 'FROM', 12, 0, (row) => row.domain),
    number('gref', 'GREF', 5, 1, (row) => row.gref),
    words('grantee', 'TO', 12, 2, (row) => row.granteeName),
    words('access', 'ACCESS', 10, 5, accessOf),
    number('kib', 'KIB', 8, 4, (row) => row.bytes / 1024),
    { ...number('mappings', 'MAPPED', 6, 3, (row: GrantRow) => row.mappings), doc: 'mappings that TO has of it' },
    words('use', 'USE', 24, 6, (row) => row.use),
  ],
  rows: ({ sample }) => sample.grants ?? [],
  id: ({ domid, gref }) => `${domid} ${gref}`,
  about: ({ domain, granteeName }) => [domain, granteeName],
  detail: (row, { reading }, width) => [
    `Grant ${row.gref} of ${row.domain} (${row.domid})`,
    ...facts([
      ['to', `${row.granteeName} (${row.grantee})`],
      ['access', accessOf(row)],
      ['memory', `${row.bytes} bytes`],
      ['mapped', row.mappings === 0 ? 'no: access can be ended' : `${row.mappings} times: access cannot be ended`],
      ['use', row.use || '-'],
    ]),
    ...messagesSection(reading.about),
    ...flowSection(reading.about, width),
  ],
});

function accessOf({ kind, readonly }: GrantRow): string {
  if (kind === 'transfer') return 'transfer';
  return readonly ? 'read' : 'read-write';
}
