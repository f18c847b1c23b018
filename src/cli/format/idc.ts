// SPDX-License-Identifier: Apache-2.0
import type { IdcEndpointInfo, IdcPing, XendApi } from '../../xend/contract.ts';
import type { Columns } from './columns.ts';

const person = (name: string, domid: number): string => (name === '' ? String(domid) : `${name} (${domid})`);

/** What `xm idc-list -c` knows. */
export const ENDPOINT_COLUMNS: Columns<IdcEndpointInfo> = {
  address: { doc: 'Address.', of: ({ address }) => address },
  domain: { doc: 'Name of the domain.', of: ({ domain }) => domain },
  domid: { doc: 'Its id.', of: ({ domid }) => domid },
  peer: { doc: "Name of the peer's domain.", of: ({ peer }) => peer },
  'peer-id': { doc: 'Its id.', of: ({ peerId }) => peerId },
  state: { doc: 'absent, present, connected or disconnecting.', of: ({ state }) => state },
  incarnation: { doc: 'One more after each disconnect.', of: ({ incarnation }) => incarnation },
  connections: { doc: 'Connections so far.', of: ({ connections }) => connections },
  'in-flight': { doc: 'Requests that the peer has not answered.', of: ({ inFlight }) => inFlight },
  queued: { doc: 'Requests that wait for a place in flight.', of: ({ queued }) => queued },
  held: { doc: 'Requests of the peer that are not answered.', of: ({ held }) => held },
  sent: { doc: 'Requests ever sent.', of: ({ sent }) => sent },
  received: { doc: 'Requests ever received.', of: ({ received }) => received },
  failed: { doc: 'Requests that ended without an answer.', of: ({ failed }) => failed },
  registered: { doc: 'Buffers that are registered.', of: ({ registered }) => registered },
  reason: { doc: 'Why the last connection ended.', of: ({ lastDisconnect }) => lastDisconnect || undefined },
};

/** Cells of `xm idc-list` before the last one, which may be long: width (negative: left-aligned) and title. */
const COLUMNS: readonly (readonly [number, string])[] = [
  [-16, 'Domain'],
  [4, 'ID'],
  [-16, ' Address'],
  [-16, 'Peer'],
  [-13, 'State'],
  [4, 'Inc'],
  [5, 'Conns'],
  [5, 'InFl'],
  [5, 'Queue'],
  [5, 'Held'],
  [5, 'Quota'],
  [5, 'Bytes'],
  [5, 'Bufs'],
];

function row(cells: readonly string[], last: string): string {
  const padded = COLUMNS.map(([width], index) => {
    const cell = cells[index] ?? '';
    return width < 0 ? cell.padEnd(-width) : cell.padStart(width);
  });
  return `${padded.join(' ')}  ${last}`.trimEnd().concat('\n');
}

/** `xm idc-list`: a line an endpoint; nothing at all without endpoints. */
export function idcTable(endpoints: readonly IdcEndpointInfo[]): string {
  if (endpoints.length === 0) return '';
  const line = (one: IdcEndpointInfo) => {
    const peer = one.peerId === undefined ? '-' : person(one.peer ?? '', one.peerId);
    const { incarnation, connections, inFlight, queued, held, quotas, registered } = one;
    const limits = [quotas.inFlight, quotas.bodyBytes];
    const counts = [incarnation, connections, inFlight, queued, held, ...limits, registered].map(String);
    return row(
      [one.domain, String(one.domid), ` ${one.address}`, peer, one.state, ...counts],
      one.lastDisconnect || '-',
    );
  };
  const titles = COLUMNS.map(([, title]) => title);
  return row(titles, 'Last disconnect') + endpoints.map(line).join('');
}

/** Milliseconds in microseconds. */
const us = (ms: number): string => (ms * 1000).toFixed(1);

/** `xm idc-ping`: what ping(8) says at its end, in microseconds. */
export function pingLines(ping: IdcPing): string {
  const { transmitted, answered, rtt } = ping;
  const lost = transmitted === 0 ? 0 : Math.round((100 * (transmitted - answered)) / transmitted);
  const how = ping.polled ? ', polled' : '';
  const lines = [
    `PING ${ping.address}: ${person(ping.domain, ping.domid)} to ${person(ping.peer, ping.peerId)}, ${ping.size} bytes${how}`,
    `${transmitted} transmitted, ${answered} answered, ${lost}% lost, time ${ping.time.toFixed(1)} ms`,
  ];
  if (rtt !== undefined) {
    lines.push(`rtt min/avg/max/mdev = ${[rtt.min, rtt.avg, rtt.max, rtt.mdev].map(us).join('/')} us`);
    lines.push(`rtt p50/p99 = ${us(rtt.p50)}/${us(rtt.p99)} us`);
  }
  return lines.map((line) => `${line}\n`).join('');
}

/** `xm idc-cycle`. */
export function cycleLine({ address, domain, domid, peers, time }: XendApi['idc.cycle']['result']): string {
  const ends = `${person(domain, domid)} and ${peers.map((peer) => person(peer.name, peer.domid)).join(', ')}`;
  return `${ends} disconnected and connected again at ${address} within ${time.toFixed(1)} ms\n`;
}
