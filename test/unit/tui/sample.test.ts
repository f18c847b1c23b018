// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { sample as sampleOf } from '../../../src/tui/sample.ts';
import type { Stats } from '../../../src/xend/contract.ts';
import { earlier, later } from './readings.ts';
import { after, before, domainStats, ringStats, stats } from './stats.ts';

const sample = (previous: Stats | undefined, current: Stats) =>
  sampleOf(previous && { stats: previous }, { stats: current });

describe('domains', () => {
  test('in the first round all rates are zero', () => {
    const [dom0] = sample(undefined, before).domains;
    expect(dom0).toMatchObject({ name: 'Domain-0', cpuSeconds: 100, cpuPercent: 0, state: '-----r' });
  });

  test('CPU is that of one processor since the round before', () => {
    const [dom0, demo] = sample(before, after).domains;
    expect(dom0?.cpuPercent).toBe(50);
    expect(demo?.cpuPercent).toBe(0);
  });

  test('memory in KiB and as a share of the machine; counters by class, zero without the class', () => {
    const [dom0, demo] = sample(before, after).domains;
    expect(demo).toMatchObject({ memoryKib: 8192, memoryPercent: 0.78125, maxKib: 65_536, maxPercent: 6.25 });
    expect(demo).toMatchObject({
      vbds: 1,
      vbdReads: 900,
      vbdWrites: 100,
      vbdReadSectors: 7200,
      vbdWrittenSectors: 800,
    });
    expect(dom0).toMatchObject({ vbds: 0, vbdReads: 0, nets: 0 });
  });

  test.each([
    ['r-----', '-----r'],
    ['-b----', '--b---'],
    ['-bp---', '--b-p-'],
    ['---s-d', 'ds----'],
    ['----c-', '---c--'],
    ['------', '------'],
  ])('state %s is %s in the order of xentop', (state, shown) => {
    expect(sample(undefined, stats([domainStats(1, 'x', { state })])).domains[0]?.state).toBe(shown);
  });

  test('a domain that is new, or has the number of one that is gone, counts from zero', () => {
    const first = stats([domainStats(1, 'old', { cpuTime: 500 })]);
    const second = stats([domainStats(1, 'new', { cpuTime: 1 }), domainStats(2, 'other', { cpuTime: 2 })], [], 2);
    expect(sample(first, second).domains.map(({ cpuPercent }) => cpuPercent)).toEqual([50, 100]);
  });

  test('two readings at the same moment give no rates', () => {
    expect(sample(before, { ...after, time: before.time }).domains[0]?.cpuPercent).toBe(0);
  });
});

describe('rings', () => {
  test('requests a second, notifications since the round before, and what was saved', () => {
    const [disk] = sample(before, after).rings;
    // 400 requests and 392 responses in two seconds with 79 notifications.
    expect(disk).toMatchObject({ domain: 'demo', device: 'xvda', used: 8, requestRate: 200, notifications: 79 });
    expect(disk?.savedPercent).toBeCloseTo(100 * (1 - 79 / 792));
    expect(disk).not.toHaveProperty('byteRate');
  });

  test('the first round counts notifications from the beginning', () => {
    const [disk] = sample(undefined, before).rings;
    expect(disk).toMatchObject({ requestRate: 0, notifications: 200, savedPercent: 90 });
  });

  test('a byte ring has a rate of bytes and saves nothing', () => {
    const [, console] = sample(before, after).rings;
    expect(console).toMatchObject({ direction: 'out', byteRate: 2_500_000 });
    expect(console).not.toHaveProperty('requestRate');
    expect(console).not.toHaveProperty('savedPercent');
  });

  test('an idle ring has no share of saved ones; more notifications than events save nothing', () => {
    expect(sample(before, { ...before, time: before.time + 1000 }).rings[0]).not.toHaveProperty('savedPercent');
    const noisy = stats([], [ringStats(7, 'xvda', { reqProd: 1, notifyFront: 5 })]);
    expect(sample(undefined, noisy).rings[0]).toMatchObject({ domain: '7', savedPercent: 0 });
  });

  test('a ring that started again counts from zero', () => {
    const restarted = stats([], [ringStats(1, 'xvda', { reqProd: 10 })], 2);
    expect(sample(before, restarted).rings[0]?.requestRate).toBe(5);
  });
});

describe('what else a ring says', () => {
  const [disk, , stuck] = sampleOf(earlier, later).rings;

  test('bytes that its device counted, latency of this round, waits', () => {
    expect(disk).toMatchObject({ byteRate: 2_048_000, waits: 7, notificationRate: 39.5, back: 'Domain-0' });
    expect(disk!.p50).toBeGreaterThan(8);
    expect(disk!.p50).toBeLessThan(16);
    expect(disk!.p99).toBeGreaterThan(1024);
    expect(disk!.p99).toBeLessThan(2048);
  });

  test('that it stands still, as xend judges, and who has to move', () => {
    expect(stuck).toMatchObject({ device: 'console', used: 12, stalled: 73_000 });
    expect(stuck!.stall).toContain('back end Domain-0 has not taken 12');
    expect(disk).not.toHaveProperty('stalled');
  });

  test('no more than fits, whatever its owner writes', () => {
    const liar = stats([], [ringStats(1, 'xvda', { used: 4_000_000_000 })]);
    expect(sample(undefined, liar).rings[0]).toMatchObject({ used: 32 });
  });
});

test('rates of channels and endpoints, and the names of both ends', () => {
  const { channels, endpoints, grants } = sampleOf(earlier, later);
  expect(channels?.[0]).toMatchObject({ domain: 'demo', remoteName: 'Domain-0', sentRate: 60, receivedRate: 60 });
  expect(channels?.[3]).toMatchObject({ remoteName: '', sentRate: 0 });
  expect(endpoints?.[0]).toMatchObject({ rate: 60 });
  expect(grants?.[0]).toMatchObject({ domain: 'demo', granteeName: 'Domain-0' });
  expect(sampleOf(undefined, later).channels?.[0]?.sentRate).toBe(0);
});
