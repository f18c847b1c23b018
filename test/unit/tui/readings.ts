// SPDX-License-Identifier: Apache-2.0
import type { NumberedRecord, Reading, Source } from '../../../src/tui/reading.ts';
import type { IdcEndpointInfo, RingStats, Stall, Stats } from '../../../src/xend/contract.ts';
import type { LogRecord } from '../../../src/xend/log-line.ts';
import { domainStats, ringStats, stats } from './stats.ts';

const { time: start } = stats([]);

const record = (seconds: number, text: string, level: LogRecord['level'] = 'DEBUG'): LogRecord => ({
  time: start - 60_000 + seconds * 1000,
  pid: 4711,
  level,
  source: 'device-messages:50',
  text,
});

/** How a disk was connected, as the log has it. */
export const records: readonly LogRecord[] = [
  record(0, 'Creating domain demo (id=1, 64 MB)', 'INFO'),
  record(1, 'VBD_BE CREATE(domid=1, handle=51712, name=xvda) to Domain-0 (0)'),
  record(1, 'VBD_BE CREATE answered by Domain-0 (0): OKAY'),
  record(2, 'VBD_FE INTERFACE_STATUS(handle=51712, status=DISCONNECTED) to demo (1)'),
  record(2, 'VBD_FE INTERFACE_STATUS answered by demo (1): OKAY'),
  record(3, 'VBD_BE CONNECT(domid=1, handle=51712, frames=8, evtchn=5) to Domain-0 (0)'),
];

const endpoint: IdcEndpointInfo = {
  domid: 1,
  domain: 'demo',
  address: 'pair',
  peerId: 2,
  peer: 'guest',
  state: 'connected',
  incarnation: 3,
  connections: 2,
  inFlight: 4,
  queued: 0,
  held: 1,
  sent: 100,
  received: 50,
  failed: 1,
  registered: 2,
  quotas: { inFlight: 32, bodyBytes: 112, registrations: 64 },
  lastDisconnect: 'the peer went away',
};

const channel = {
  domid: 1,
  port: 3,
  state: 'interdomain' as const,
  remote: 0,
  remotePort: 7,
  pending: false,
  masked: false,
  sent: 100,
  received: 200,
  use: 'vbd xvda',
};

/** Answers of microseconds to milliseconds, by buckets. */
const latency = (count: number): readonly number[] =>
  Array.from({ length: 24 }, (_, bucket) => (bucket === 4 ? 9 * count : bucket === 11 ? count : 0));

const disk = (more: Partial<RingStats>): RingStats =>
  ringStats(1, 'xvda', { size: 32, notifyFront: 100, notifyBack: 100, lastProgress: start + 2000, ...more });

/** A byte ring through which something went. */
const bytes = { direction: 'in', size: 4096, reqProd: 64_000, reqCons: 64_000, notifyBack: 40 };

const timing = (count: number) => ({ waits: 7, waitingSince: 0, answeredAt: start, latency: latency(count) });

const stall: Stall = {
  rule: 'ring-requests',
  age: 73_000,
  domid: 2,
  domain: 'guest',
  what: 'console console out',
  owes: { domid: 0, domain: 'Domain-0', end: 'back' },
  text: 'has not taken 12 of what is there',
};

/** Everything that a machine with two guests has, two seconds apart. */
export const earlier: Reading = reading(
  stats(
    [domainStats(0, 'Domain-0', { state: 'r-----', cpuTime: 100 }), domainStats(1, 'demo'), domainStats(2, 'guest')],
    [
      disk({ reqProd: 1000, reqCons: 1000, rspProd: 1000, rspCons: 1000, bytes: 0, timing: timing(0) }),
      ringStats(2, ':7', { class: 'argo', backId: 32_756, backEvtchn: -1, direction: 'in', messages: 100 }),
    ],
  ),
);
export const later: Reading = reading(
  stats(
    [
      domainStats(0, 'Domain-0', { state: 'r-----', cpuTime: 101 }),
      domainStats(1, 'demo', { devices: { vbd: { count: 1, rd: 900, wr: 100, rsect: 7200, wsect: 800 } } }),
      domainStats(2, 'guest', { pool: 'shared', cpuTime: 10.5 }),
    ],
    [
      disk({
        used: 8,
        reqProd: 1400,
        reqCons: 1400,
        rspProd: 1392,
        rspCons: 1392,
        bytes: 4_096_000,
        notifyFront: 140,
        notifyBack: 139,
        timing: timing(10),
      }),
      ringStats(1, 'console', { class: 'console', direction: 'out', size: 2048, reqProd: 5_000_000 }),
      ringStats(2, 'console', {
        class: 'console',
        direction: 'out',
        size: 2048,
        used: 12,
        reqProd: 12,
        lastProgress: start - 71_000,
      }),
      ringStats(1, 'echo', { ...bytes, class: 'vchan', backId: 2, direction: 'out', waiting: 1, used: 4096 }),
      ringStats(2, ':7', { ...bytes, class: 'argo', backId: 32_756, backEvtchn: -1, messages: 500, waiting: 0 }),
    ],
    2,
  ),
  120,
  [stall],
);

function reading(sample: Stats, more = 0, stalls: readonly Stall[] = []): Reading {
  const log: readonly NumberedRecord[] = records.map((one, number) => ({ ...one, number }));
  return {
    stats: sample,
    stalls,
    channels: [
      { ...channel, sent: 100 + more, received: 200 + more },
      { ...channel, domid: 0, port: 7, remote: 1, remotePort: 3, masked: true },
      { ...channel, port: 4, state: 'unbound', remote: 2, remotePort: 0, sent: 0, received: 0, use: '' },
      { ...channel, domid: 0, port: 1, state: 'virq', virq: 'domExc', pending: true, use: '' },
    ],
    endpoints: [{ ...endpoint, sent: 100 + more }],
    grants: [
      { domid: 1, gref: 8, grantee: 0, kind: 'access', readonly: false, bytes: 4096, mappings: 1, use: 'vbd xvda' },
      { domid: 2, gref: 9, grantee: 1, kind: 'transfer', readonly: false, bytes: 0, mappings: 0, use: '' },
    ],
    store: [
      { path: '/', value: '', changed: 0 },
      { path: '/local', value: '', changed: 0 },
      { path: '/local/domain', value: '', changed: 0 },
      { path: '/local/domain/1', value: '', changed: 0 },
      { path: '/local/domain/1/name', value: 'demo', changed: start - 3000 },
      { path: '/tool', value: 'a\x1b[2J', changed: 0 },
    ],
    log,
    about: records,
    messages: [
      {
        ring: { domid: 1, backId: 0, class: 'vbd', device: 'xvda', evtchn: 3, direction: 'front>back' },
        messages: [
          { id: 1040, state: 'answered', error: 0, age: 61_000, latency: 850, text: 'read 8 sectors at 1024' },
          { id: 1041, state: 'answered', error: -30, age: 2000, latency: 12_000, text: 'write 8 sectors at 0' },
          { id: 1042, state: 'waiting', age: 12, text: 'flush' },
        ],
      },
    ],
    events: (['appear', 'connect', 'disconnect'] as const).map((event, seq) => ({
      ...{
        seq,
        boot: 'abc',
        time: start - 50_000 + seq * 1000,
        kind: 'endpoint' as const,
        event,
        domid: 1,
        domain: 'demo',
      },
      details: { address: 'pair', ...(event === 'disconnect' ? { reason: 'the peer went away' } : { peer: 2 }) },
    })),
  };
}

/** Gives readings out one by one, an error instead of one; after the last one, the answer does not come. */
export function sourceOf(readings: readonly (Reading | Error)[]): Source & { readonly rounds: () => number } {
  let round = 0;
  return {
    async read() {
      const next = readings[round] ?? new Promise<Reading>(() => {});
      round += 1;
      if (next instanceof Error) throw next;
      return next;
    },
    close() {},
    rounds: () => round,
  };
}
