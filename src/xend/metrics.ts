// SPDX-License-Identifier: Apache-2.0
import type { DomainStats, RingStats, Stall, Stats } from './contract.ts';
import type { Log } from './log.ts';
import type { MetricFamily, MetricSample, MetricType } from './openmetrics.ts';
import { STALL_RULES } from './stalls/rules.ts';
import { VERSION } from './version.ts';

/** What is measured beside a sample for `xm top`. */
export interface SupervisorNumbers {
  /** Seconds since 1970. */
  readonly startTime: number;
  readonly log: ReturnType<Log['counts']>;
  readonly events: number;
}

/** A row of a table of metrics: what one thing is measured as, of each `T`. */
interface Row<T> {
  readonly name: string;
  readonly type: MetricType;
  readonly help: string;
  /** One number, or several with labels of their own. */
  readonly of: (item: T) => number | readonly MetricSample[];
}

const KIB = 1024;
const MIB = 1024 * KIB;
/** The letters of `DomainInfo.state`. */
const STATES: Readonly<Record<string, string>> = {
  r: 'running',
  b: 'blocked',
  p: 'paused',
  s: 'shutdown',
  c: 'crashed',
  d: 'dying',
};

const HOST: readonly Row<Stats>[] = [
  {
    name: 'xm_host_memory_bytes',
    type: 'gauge',
    help: 'Memory of the machine.',
    of: ({ memoryTotal }) => memoryTotal * KIB,
  },
  {
    name: 'xm_host_memory_free_bytes',
    type: 'gauge',
    help: 'Memory of the machine that nobody uses.',
    of: ({ memoryFree }) => memoryFree * KIB,
  },
  { name: 'xm_host_processors', type: 'gauge', help: 'Processors of the machine.', of: ({ cpus }) => cpus },
];

const SUPERVISOR: readonly Row<SupervisorNumbers>[] = [
  { name: 'xm_xend', type: 'info', help: 'The supervisor.', of: () => [{ labels: { version: VERSION }, value: 1 }] },
  {
    name: 'xm_xend_start_time_seconds',
    type: 'gauge',
    help: 'When the supervisor started, since 1970.',
    of: ({ startTime }) => startTime,
  },
  { name: 'xm_events', type: 'counter', help: 'What happened, as xm events shows it.', of: ({ events }) => events },
  {
    name: 'xm_log_lines',
    type: 'counter',
    help: 'Lines written to xend.log.',
    of: ({ log }) =>
      Object.entries(log.written).map(([level, value]) => ({ labels: { level: level.toLowerCase() }, value })),
  },
  {
    name: 'xm_log_suppressed_lines',
    type: 'counter',
    help: 'Lines that domains brought about too fast.',
    of: ({ log }) => log.suppressed,
  },
];

const DOMAIN: readonly Row<DomainStats>[] = [
  {
    name: 'xm_domain_state',
    type: 'stateset',
    help: 'Where the domain stands in its life.',
    of: ({ state }) =>
      Object.entries(STATES).map(([letter, name]) => ({
        labels: { xm_domain_state: name },
        value: Number(state.includes(letter)),
      })),
  },
  {
    name: 'xm_domain_cpu_seconds',
    type: 'counter',
    help: "Processor time of the domain's thread.",
    of: ({ cpuTime }) => cpuTime,
  },
  {
    name: 'xm_domain_start_time_seconds',
    type: 'gauge',
    help: 'When the domain was built, since 1970.',
    of: ({ startTime }) => startTime,
  },
  {
    name: 'xm_domain_memory_limit_bytes',
    type: 'gauge',
    help: 'Memory that the domain may have.',
    of: ({ memory }) => memory * MIB,
  },
  {
    name: 'xm_domain_memory_used_bytes',
    type: 'gauge',
    help: 'Heap and pages that the domain has.',
    of: ({ memoryUsed }) => memoryUsed * KIB,
  },
  { name: 'xm_domain_extents', type: 'gauge', help: 'Extents that the domain has.', of: ({ extents }) => extents },
  {
    name: 'xm_domain_event_channels',
    type: 'gauge',
    help: 'Event channels that the domain has.',
    of: ({ ports }) => ports,
  },
  { name: 'xm_domain_grants', type: 'gauge', help: 'Grants that the domain has given.', of: ({ grants }) => grants },
  {
    name: 'xm_domain_devices',
    type: 'gauge',
    help: 'Devices of the domain.',
    of: ({ devices }) =>
      Object.entries(devices).map(([name, { count = 0 }]) => ({ labels: { class: name }, value: count })),
  },
  {
    name: 'xm_domain_device_counter',
    type: 'counter',
    help: "What the back ends of the domain's devices count; the class says what that is.",
    of: ({ devices }) =>
      Object.entries(devices).flatMap(([name, { count: _, ...counters }]) =>
        Object.entries(counters).map(([counter, value]) => ({ labels: { class: name, counter }, value })),
      ),
  },
];

const RING: readonly Row<RingStats>[] = [
  { name: 'xm_ring_size', type: 'gauge', help: 'Slots of the ring, or bytes of a byte ring.', of: ({ size }) => size },
  {
    name: 'xm_ring_used',
    type: 'gauge',
    help: 'Slots of the ring in use, or bytes of a byte ring.',
    of: ({ used }) => used,
  },
  {
    name: 'xm_ring_requests',
    type: 'counter',
    help: 'Requests ever published, or bytes, modulo 2^32.',
    of: ({ reqProd }) => reqProd,
  },
  {
    name: 'xm_ring_responses',
    type: 'counter',
    help: 'Responses ever published, or bytes consumed, modulo 2^32.',
    of: ({ rspProd }) => rspProd,
  },
  {
    name: 'xm_ring_messages',
    type: 'counter',
    help: 'Messages ever put into a byte ring that counts them, modulo 2^32.',
    of: ({ messages }) => (messages === undefined ? [] : messages),
  },
  {
    name: 'xm_ring_waits',
    type: 'counter',
    help: 'Requests ever that waited for a free slot, modulo 2^32.',
    of: ({ timing }) => (timing === undefined ? [] : timing.waits),
  },
  {
    name: 'xm_ring_waiting_writers',
    type: 'gauge',
    help: 'Writers that wait for room in a byte ring now.',
    of: ({ waiting }) => (waiting === undefined ? [] : waiting),
  },
  {
    name: 'xm_ring_latency_seconds',
    type: 'histogram',
    help: 'Time from a request to its answer, of those that the front end timed.',
    of: ({ timing }) => (timing === undefined ? [] : histogram(timing.latency)),
  },
  {
    name: 'xm_ring_notifications',
    type: 'counter',
    help: "Notifications that each end sent, for all rings of the device's connection.",
    of: ({ notifyFront, notifyBack }) => [
      { labels: { end: 'front' }, value: notifyFront },
      { labels: { end: 'back' }, value: notifyBack },
    ],
  },
];

/** How many there are of each kind: also none, so that an alarm has something to compare. */
const STALLED: Row<readonly Stall[]> = {
  name: 'xm_stalls',
  type: 'gauge',
  help: 'What should move and has not for some seconds, by the rule that says so.',
  of: (stalls) =>
    STALL_RULES.map(({ name }) => ({
      labels: { rule: name },
      value: stalls.filter(({ rule }) => rule === name).length,
    })),
};

const STALL: Row<Stall> = {
  name: 'xm_stall_age_seconds',
  type: 'gauge',
  help: 'For how long it has not moved; owes is the domain, and end the end of it, that has to do the next step.',
  of: ({ age }) => age / 1000,
};

/** All there is to measure, from a sample. */
export function metricsOf(stats: Stats, supervisor: SupervisorNumbers): readonly MetricFamily[] {
  const names = new Map(stats.domains.map(({ domid, name }) => [domid, name]));
  return [
    ...families(SUPERVISOR, [supervisor], () => ({})),
    ...families(HOST, [stats], () => ({})),
    ...families(DOMAIN, stats.domains, ({ domid, name }) => ({ domid: String(domid), domain: name })),
    ...families(RING, stats.rings, ({ domid, backId, class: kind, device, evtchn, direction }) => ({
      domid: String(domid),
      domain: names.get(domid) ?? '',
      back: String(backId),
      class: kind,
      device,
      evtchn: String(evtchn),
      direction,
    })),
    ...families([STALLED], [stats.stalls ?? []], () => ({})),
    ...families([STALL], stats.stalls ?? [], ({ rule, domid, domain, what, owes: { domain: owes, end } }) => ({
      ...{ rule, domid: String(domid), domain, what, owes, end },
    })),
  ];
}

function families<T>(
  rows: readonly Row<T>[],
  items: readonly T[],
  labelsOf: (item: T) => Readonly<Record<string, string>>,
): readonly MetricFamily[] {
  return rows.map(({ name, type, help, of }) => {
    const unit = /_(bytes|seconds)$/.exec(name)?.[1] as MetricFamily['unit'];
    const samples = items.flatMap((item) => {
      const labels = labelsOf(item);
      const found = of(item);
      return typeof found === 'number'
        ? [{ labels, value: found }]
        : found.map((sample) => ({ ...sample, labels: { ...labels, ...sample.labels } }));
    });
    return { name, type, help, samples: sound(type, samples), ...(unit === undefined ? {} : { unit }) };
  });
}

/** @param counts the first for less than 1 µs, each next one for twice that, the last for all others */
function histogram(counts: readonly number[]): readonly MetricSample[] {
  let sum = 0;
  return counts.map((count, index) => {
    sum += count;
    const le = index === counts.length - 1 ? '+Inf' : String(2 ** index / 1e6);
    return { labels: { le }, value: sum };
  });
}

/** Back ends of users' own count what they like, and domains may say that they have one ring twice: no collector takes that. */
function sound(type: MetricType, samples: readonly MetricSample[]): readonly MetricSample[] {
  const seen = new Set<string>();
  return samples.filter(({ labels, value }) => {
    const key = JSON.stringify(labels);
    if (seen.has(key) || (type === 'counter' && !(value >= 0 && Number.isFinite(value)))) return false;
    seen.add(key);
    return true;
  });
}
