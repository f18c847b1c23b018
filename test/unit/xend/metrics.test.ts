// SPDX-License-Identifier: Apache-2.0
import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import type { Stall } from '../../../src/xend/contract.ts';
import { metricsOf } from '../../../src/xend/metrics.ts';
import { formatMetrics, type MetricFamily } from '../../../src/xend/openmetrics.ts';
import { readOpenMetrics } from '../../support/openmetrics.ts';
import { domainStats, ringStats, stats } from '../tui/stats.ts';

const NASTY = 'a "b" \\ {c="d"} # EOF\n# EOF\n\ud800 ä';
const NASTY_READ = NASTY.replace('\ud800', '\ufffd');

const TIMING = { waits: 0, waitingSince: 0, answeredAt: 0, latency: [1, 0, 2, 4] };

const SUPERVISOR = {
  startTime: 1.5,
  events: 9,
  log: { written: { TRACE: 0, DEBUG: 7, INFO: 1, WARNING: 0, ERROR: 0, CRITICAL: 0 }, suppressed: 4 },
};

const STALL: Stall = {
  rule: 'ring-requests',
  age: 4500,
  domid: 3,
  domain: NASTY,
  what: 'vbd xvda front>back',
  owes: { domid: 0, domain: 'Domain-0', end: 'back' },
  text: 'has not taken 1 of what is there',
};

const families = (): readonly MetricFamily[] =>
  metricsOf(
    {
      ...stats(
        [
          domainStats(0, 'Domain-0'),
          domainStats(3, NASTY, { state: 'r-----', devices: { vbd: { count: 1, rd: 900 } } }),
        ],
        [
          ringStats(3, 'xvda', { reqProd: 2 ** 32 - 1, timing: TIMING }),
          ringStats(3, ':7', { class: 'argo', direction: 'in', messages: 12, waiting: 1 }),
        ],
      ),
      stalls: [STALL],
    },
    SUPERVISOR,
  );

describe('the text', () => {
  test('is strict OpenMetrics, whatever domains are called', () => {
    const read = readOpenMetrics(formatMetrics(families()));
    expect(read.get('xm_log_lines')!.samples).toContainEqual({
      name: 'xm_log_lines_total',
      labels: { level: 'debug' },
      value: 7,
    });
    const states = read.get('xm_domain_state')!.samples.filter(({ labels }) => labels.domain === NASTY_READ);
    expect(states.map(({ labels, value }) => [labels.xm_domain_state, value])).toEqual([
      ['running', 1],
      ['blocked', 0],
      ['paused', 0],
      ['shutdown', 0],
      ['crashed', 0],
      ['dying', 0],
    ]);
    expect(read.get('xm_ring_requests')!.samples[0]!.value).toBe(2 ** 32 - 1);
    expect(read.get('xm_domain_cpu_seconds')).toMatchObject({ type: 'counter', unit: 'seconds' });
  });

  test('counts stalls by rule, with the age of each and who owes the next step', () => {
    const read = readOpenMetrics(formatMetrics(families()));
    const counts = read.get('xm_stalls')!.samples.map(({ labels, value }) => [labels.rule, value]);
    expect(Object.fromEntries(counts)).toMatchObject({ loop: 0, 'ring-requests': 1, 'ring-work': 0 });
    expect(read.get('xm_stall_age_seconds')!.samples).toMatchObject([
      { value: 4.5, labels: { domain: NASTY_READ, what: 'vbd xvda front>back', owes: 'Domain-0', end: 'back' } },
    ]);
    expect(
      readOpenMetrics(formatMetrics(metricsOf(stats([]), SUPERVISOR))).get('xm_stall_age_seconds')!.samples,
    ).toEqual([]);
  });

  test('has what only some rings tell', () => {
    const read = readOpenMetrics(formatMetrics(families()));
    const one = (name: string) => read.get(name)!.samples.map(({ labels, value }) => [labels.device, value]);
    expect(one('xm_ring_messages')).toEqual([[':7', 12]]);
    expect(one('xm_ring_waiting_writers')).toEqual([[':7', 1]]);
    expect(one('xm_ring_waits')).toEqual([['xvda', 0]]);
  });

  test('is whole though a domain shows one ring twice, and a back end counts nonsense', () => {
    const devices = { odd: { count: 1, less: -1, none: Number.NaN, all: Number.POSITIVE_INFINITY, well: 3 } };
    const ring = ringStats(1, 'pair', { class: 'idc' });
    const sample = stats([domainStats(1, 'liar', { devices })], [ring, { ...ring, reqProd: 9 }]);
    const read = readOpenMetrics(formatMetrics(metricsOf(sample, SUPERVISOR)));
    expect(read.get('xm_ring_requests')!.samples.map(({ value }) => value)).toEqual([0]);
    expect(read.get('xm_domain_device_counter')!.samples.map(({ labels }) => labels.counter)).toEqual(['well']);
  });

  test('has the latency of rings that time their answers', () => {
    const sample = stats([domainStats(1, 'demo')], [ringStats(1, 'xvda', { timing: TIMING }), ringStats(1, 'console')]);
    const text = formatMetrics(metricsOf(sample, SUPERVISOR));
    const { type, samples } = readOpenMetrics(text).get('xm_ring_latency_seconds')!;
    expect(type).toBe('histogram');
    expect(samples.map(({ name, labels, value }) => [name, labels.le, value])).toEqual([
      ['xm_ring_latency_seconds_bucket', '0.000001', 1],
      ['xm_ring_latency_seconds_bucket', '0.000002', 1],
      ['xm_ring_latency_seconds_bucket', '0.000004', 3],
      ['xm_ring_latency_seconds_bucket', '+Inf', 7],
    ]);
  });

  test('every family has a help, and its unit where its name ends in one', () => {
    for (const [name, { help, unit }] of readOpenMetrics(formatMetrics(families()))) {
      expect(help, name).toMatch(/^[A-Z].*\.$/);
      expect(unit, name).toBe(/_(bytes|seconds)$/.exec(name)?.[1]);
    }
  });

  test.each([
    [Number.NaN, 'NaN'],
    [Number.POSITIVE_INFINITY, '+Inf'],
    [Number.NEGATIVE_INFINITY, '-Inf'],
    [1e21, '1e+21'],
    [0.1, '0.1'],
    [-0, '0'],
  ])('%d is written %s', (value, text) => {
    const family = { name: 'x', type: 'gauge', help: 'X "y" \\.', samples: [{ labels: {}, value }] } as const;
    expect(formatMetrics([family])).toBe(`# TYPE x gauge\n# HELP x X \\"y\\" \\\\.\nx ${text}\n# EOF\n`);
  });

  // The distribution's library is its own Python's, which need not be the first one.
  const python = ['python3', '/usr/bin/python3'].find(
    (program) => spawnSync(program, ['-c', 'import prometheus_client.openmetrics.parser']).status === 0,
  );
  // Then there is only our own strict reader.
  if (python === undefined)
    console.log('Prometheus does not read our metrics: apt-get install python3-prometheus-client');

  test.skipIf(python === undefined)('is what the client library of Prometheus reads', () => {
    const program = `
import json, sys
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read
print(json.dumps([[s.name, s.labels, s.value] for f in read(sys.stdin.read()) for s in f.samples]))`;
    const text = formatMetrics(families());
    const { stdout, stderr } = spawnSync(python!, ['-c', program], { input: text, encoding: 'utf8' });
    expect(stderr).toBe('');
    const ours = [...readOpenMetrics(text).values()].flatMap(({ samples }) => samples);
    expect(JSON.parse(stdout)).toEqual(ours.map(({ name, labels, value }) => [name, labels, value]));
  });
});
