// SPDX-License-Identifier: Apache-2.0
import { facts, historySection, messagesSection, recordsOf, ringFlow, ringMessagesSection } from '../detail.ts';
import { page, type World } from '../page.ts';
import { type GrantRow, grantId, type RingRow } from '../sample.ts';
import { number, words } from '../table.ts';
import { addressOf, ringLines } from './rings.ts';

/** Who maps what from whom. */
export const grants = page<GrantRow>({
  name: 'grants',
  wishes: { grants: true },
  columns: () => [
    { ...words('domain', 'FROM', 12, 0, (row: GrantRow) => row.domain), grow: true },
    number('gref', 'GREF', 5, 1, (row) => row.gref),
    { ...words('grantee', 'TO', 12, 2, (row: GrantRow) => row.granteeName), grow: true },
    words('access', 'ACCESS', 10, 5, accessOf),
    number('kib', 'KIB', 8, 4, (row) => row.bytes / 1024),
    { ...number('mappings', 'MAPPED', 6, 3, (row: GrantRow) => row.mappings), doc: 'mappings that TO has of it' },
    { ...words('use', 'USE', 16, 6, (row: GrantRow) => row.use), grow: true },
  ],
  rows: ({ sample }) => sample.grants ?? [],
  id: grantId,
  about: ({ domain, granteeName }) => [domain, granteeName],
  ringsOf,
  addressOf: (row, world) => addressOf(ringsOf(row, world)),
  detail: (row, world, width) => [
    `Grant ${row.gref} of ${row.domain} (${row.domid})`,
    ...facts([
      ['to', `${row.granteeName} (${row.grantee})`],
      ['access', accessOf(row)],
      ['memory', `${row.bytes} bytes`],
      [
        'mapped',
        row.mappings === 0
          ? 'no: access can be ended'
          : `${row.mappings === 1 ? 'once' : `${row.mappings} times`}: access cannot be ended`,
      ],
      ['use', row.use || '-'],
    ]),
    ...historySection('Mapped, last minute', world.history.line('grant', grantId(row)), 'times'),
    ...ringLines(ringsOf(row, world), width, 'none that xend knows'),
    ...ringMessagesSection(ringsOf(row, world), world.reading.messages),
    ...messagesSection(recordsOf(ringsOf(row, world), world.reading.about)),
    ...ringFlow(ringsOf(row, world), world.reading, width),
  ],
});

/** Rings of the connection that it is part of. */
function ringsOf({ domid, use }: GrantRow, { sample }: World): readonly RingRow[] {
  return sample.rings.filter((ring) => ring.domid === domid && `${ring.class} ${ring.device}` === use);
}

function accessOf({ kind, readonly }: GrantRow): string {
  if (kind === 'transfer') return 'transfer';
  return readonly ? 'read' : 'read-write';
}
