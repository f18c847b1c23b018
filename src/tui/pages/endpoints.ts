// SPDX-License-Identifier: Apache-2.0
import { endpointFlow, facts, historySection, messagesSection, ringMessagesSection } from '../detail.ts';
import { page } from '../page.ts';
import { type EndpointRow, endpointId, type RingRow } from '../sample.ts';
import { bar } from '../spark.ts';
import { number, words } from '../table.ts';
import { ringLines } from './rings.ts';

const QUOTA = 30;

/** Endpoints of the IDC API, as their domains report them; those of a domain that does not answer are not there. */
export const endpoints = page<EndpointRow>({
  name: 'endpoints',
  wishes: { endpoints: true },
  columns: () => [
    { ...words('domain', 'DOMAIN', 12, 0, (row: EndpointRow) => row.domain), grow: true },
    { ...words('address', 'ADDRESS', 12, 1, (row: EndpointRow) => row.address), grow: true },
    { ...words('peer', 'PEER', 12, 3, (row: EndpointRow) => row.peer ?? '-'), grow: true },
    words('state', 'STATE', 13, 2, (row) => row.state),
    { ...number('incarnation', 'INC', 4, 8, (row: EndpointRow) => row.incarnation), doc: 'incarnation' },
    { ...number('connections', 'CONNS', 5, 11, (row: EndpointRow) => row.connections), doc: 'connections so far' },
    {
      ...number('inFlight', 'IN-FLIGHT', 9, 5, (row: EndpointRow) => row.inFlight),
      text: ({ inFlight, quotas }) => `${inFlight}/${quotas.inFlight}`,
    },
    { ...number('queued', 'QUEUED', 6, 9, (row: EndpointRow) => row.queued), doc: 'beyond the quota' },
    { ...number('held', 'HELD', 5, 10, (row: EndpointRow) => row.held), doc: 'of the peer, not answered' },
    {
      ...number('registered', 'BUFFERS', 9, 7, (row: EndpointRow) => row.registered),
      text: ({ registered, quotas }) => `${registered}/${quotas.registrations}`,
      doc: 'registered buffers',
    },
    { ...number('rate', 'REQ/s', 8, 4, (row: EndpointRow) => row.rate), doc: 'both ways' },
    number('sent', 'SENT', 10, 12, (row) => row.sent),
    number('received', 'RECEIVED', 10, 13, (row) => row.received),
    number('failed', 'FAILED', 7, 14, (row) => row.failed),
    { ...words('lastDisconnect', 'LAST DISCONNECT', 18, 6, (row: EndpointRow) => row.lastDisconnect), grow: true },
  ],
  rows: ({ sample }) => sample.endpoints ?? [],
  id: endpointId,
  about: ({ domain, peer }) => (peer ? [domain, peer] : [domain]),
  ringsOf: (row, { sample }) => ringsOf(row, sample.rings),
  addressOf: ({ address }) => address,
  detail: (row, { sample, reading, history }, width) => [
    `Endpoint of ${row.domain} (${row.domid}) at ${row.address}`,
    ...facts([
      ['state', row.state],
      ['peer', row.peerId === undefined ? 'none' : `${row.peer} (${row.peerId})`],
      ['incarnation', `${row.incarnation}, after ${row.connections} connections`],
      ['in flight', use(row.inFlight, row.quotas.inFlight)],
      ['queued', String(row.queued)],
      ['held', use(row.held, row.quotas.inFlight)],
      ['buffers', use(row.registered, row.quotas.registrations)],
      ['body', `at most ${row.quotas.bodyBytes} bytes`],
      ['requests', `${row.sent} sent, ${row.received} received, ${row.failed} failed`],
      ['last disconnect', row.lastDisconnect || '-'],
    ]),
    ...historySection('Requests a second, last minute', history.line('endpoint', endpointId(row)), 'a second'),
    ...historySection('In flight, last minute', history.line('flight', endpointId(row)), `of ${row.quotas.inFlight}`),
    ...ringLines(ringsOf(row, sample.rings), width, 'none: it is not connected'),
    ...ringMessagesSection(ringsOf(row, sample.rings), reading.messages),
    ...messagesSection(reading.about),
    ...endpointFlow(reading, width),
  ],
});

const use = (part: number, whole: number): string => `${part} of ${whole} ${bar(part, whole, QUOTA)}`;

function ringsOf({ address, domid }: EndpointRow, rings: readonly RingRow[]): readonly RingRow[] {
  return rings.filter(
    ({ class: kind, device, domid: front, backId }) =>
      kind === 'idc' && device === address && [front, backId].includes(domid),
  );
}
