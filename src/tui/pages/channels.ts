// SPDX-License-Identifier: Apache-2.0
import { facts, historySection, messagesSection, recordsOf, ringFlow, ringMessagesSection } from '../detail.ts';
import { page, type World } from '../page.ts';
import { type ChannelRow, channelId, type RingRow } from '../sample.ts';
import { number, words } from '../table.ts';
import { addressOf, ringLines } from './rings.ts';

/** Ends of event channels. */
export const channels = page<ChannelRow>({
  name: 'channels',
  wishes: { channels: true },
  columns: () => [
    { ...words('domain', 'DOMAIN', 12, 0, (row: ChannelRow) => row.domain), grow: true },
    number('port', 'PORT', 5, 1, (row) => row.port),
    words('state', 'STATE', 11, 4, (row) => row.state),
    { ...words('remote', 'REMOTE', 12, 2, remoteOf), grow: true },
    { ...number('remotePort', 'RPORT', 5, 7, (row: ChannelRow) => row.remotePort), text: remotePortOf },
    { ...words('use', 'USE', 16, 5, (row: ChannelRow) => row.use), grow: true },
    words('pending', 'PENDING', 7, 6, (row) => (row.pending ? 'pending' : '')),
    words('masked', 'MASKED', 6, 8, (row) => (row.masked ? 'masked' : '')),
    number('sentRate', 'SENT/s', 8, 3, (row) => row.sentRate),
    {
      ...number('receivedRate', 'RECV/s', 8, 9, (row: ChannelRow) => row.receivedRate),
      doc: 'events that were handled',
    },
    number('sent', 'SENT', 10, 10, (row) => row.sent),
    number('received', 'RECEIVED', 10, 11, (row) => row.received),
  ],
  rows: ({ sample }) => sample.channels ?? [],
  id: channelId,
  about: ({ domain, remoteName }) => [domain, ...(remoteName === '' ? [] : [remoteName])],
  ringsOf,
  addressOf: (row, world) => addressOf(ringsOf(row, world)),
  detail: (row, world, width) => [
    `Port ${row.port} of ${row.domain} (${row.domid})`,
    ...facts([
      ['state', row.state],
      ['other end', `${remoteOf(row)} ${remotePortOf(row)}`],
      ['use', row.use || '-'],
      ['pending', row.pending ? 'yes: its domain has not handled it' : 'no'],
      ['masked', row.masked ? 'yes: its events wait and wake nobody' : 'no'],
      ['sent', `${row.sent}, ${row.sentRate.toFixed(0)} a second`],
      ['received', `${row.received}, ${row.receivedRate.toFixed(0)} a second`],
    ]),
    ...historySection('Events a second, last minute', world.history.line('channel', channelId(row)), 'a second'),
    ...ringLines(ringsOf(row, world), width, 'none that xend knows'),
    ...ringMessagesSection(ringsOf(row, world), world.reading.messages),
    ...messagesSection(recordsOf(ringsOf(row, world), world.reading.about)),
    ...ringFlow(ringsOf(row, world), world.reading, width),
  ],
});

/** Rings whose ends it wakes. */
function ringsOf({ domid, port }: ChannelRow, { sample }: World): readonly RingRow[] {
  return sample.rings.filter(
    (ring) => (ring.domid === domid && ring.evtchn === port) || (ring.backId === domid && ring.backEvtchn === port),
  );
}

function remoteOf({ state, virq = '', remoteName }: ChannelRow): string {
  return state === 'virq' ? `VIRQ ${virq}` : remoteName;
}

function remotePortOf({ state, remotePort }: ChannelRow): string {
  return state === 'interdomain' ? String(remotePort) : '-';
}
