// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { CONDITIONS, goalOf, type Verdict, type WaitView } from '../../../src/cli/conditions.ts';
import type { DeviceInfo, DomainInfo, IdcEndpointInfo } from '../../../src/xend/contract.ts';
import { domainStats } from '../tui/stats.ts';

const domain = (phase: NonNullable<DomainInfo['phase']>, more: Partial<DomainInfo> = {}): DomainInfo => ({
  ...domainStats(1, 'web'),
  phase,
  ...more,
});
const device = (state: number): DeviceInfo => ({
  ...{ class: 'vbd', domid: 1, devid: 1, name: 'xvda', backendId: 0, handle: 1, state, evtchn: 1, ringRef: 1 },
  ...{ frontPath: '', backPath: '', config: {} },
});

const endpoint = (state: string): IdcEndpointInfo => ({
  ...{
    domid: 1,
    domain: 'web',
    address: 'pair',
    state,
    incarnation: 1,
    connections: 1,
    inFlight: 0,
    queued: 0,
    held: 0,
  },
  ...{ sent: 0, received: 0, failed: 0, registered: 0, quotas: { inFlight: 1, bodyBytes: 1, registrations: 1 } },
  lastDisconnect: '',
});

const first = domain('running');
const crashed = { phase: 'crashed', reason: 'crash: no' };
const over = { phase: 'shutdown', reason: 'poweroff' };

/** How things may be, by names. */
const VIEWS = {
  nobody: { devices: [] },
  building: { now: domain('building'), first, devices: [device(2)] },
  running: { now: first, first, devices: [device(4), device(4)] },
  reconnecting: { now: first, first, devices: [device(4), device(3)] },
  paused: { now: domain('paused'), first, devices: [device(4)] },
  crashing: { now: domain('crashed'), first, devices: [], ended: crashed },
  crashedAndKept: { now: domain('crashed', { preserved: true }), first, devices: [], ended: crashed },
  over: { now: undefined, first, devices: [], ended: over },
  crashedAndGone: { now: undefined, first, devices: [], ended: crashed },
  restarted: { now: domain('running', { domid: 2 }), first, devices: [device(4)], ended: over },
  restarting: { now: domain('building', { domid: 2 }), first, devices: [], ended: crashed },
  talking: { now: first, first, devices: [], endpoints: [endpoint('connected'), endpoint('connected')] },
  alone: { now: first, first, devices: [], endpoints: [endpoint('connected'), endpoint('present')] },
} satisfies Readonly<Record<string, Omit<WaitView, 'endpoints'> & Partial<WaitView>>>;

const NEVER_OVER = { never: 'it ended: poweroff' };
const NEVER_CRASHED = { never: 'it ended: crash: no' };

/** What is not here is open. */
const EXPECTED: Readonly<Record<string, Partial<Record<keyof typeof VIEWS, Verdict>>>> = {
  running: {
    ...{ running: 'met', reconnecting: 'met', restarted: 'met', talking: 'met', alone: 'met' },
    ...{ over: NEVER_OVER, crashedAndGone: NEVER_CRASHED, crashedAndKept: NEVER_CRASHED },
  },
  connected: {
    ...{ running: 'met', restarted: 'met', talking: 'met', alone: 'met' },
    ...{ over: NEVER_OVER, crashedAndGone: NEVER_CRASHED, crashedAndKept: NEVER_CRASHED },
  },
  paused: {
    ...{ paused: 'met' },
    ...{ over: NEVER_OVER, crashedAndGone: NEVER_CRASHED, crashedAndKept: NEVER_CRASHED },
  },
  endpoint: {
    talking: 'met',
    ...{ over: NEVER_OVER, crashedAndGone: NEVER_CRASHED, crashedAndKept: NEVER_CRASHED },
  },
  shutdown: {
    ...{ crashing: 'met', crashedAndKept: 'met', over: 'met', crashedAndGone: 'met', restarted: 'met' },
    restarting: 'met',
  },
  crashed: {
    ...{ crashing: 'met', crashedAndKept: 'met', crashedAndGone: 'met', restarting: 'met' },
    ...{ over: NEVER_OVER, restarted: NEVER_OVER },
  },
  gone: { nobody: 'met', over: 'met', crashedAndGone: 'met', restarted: 'met', restarting: 'met' },
};

test('there are no other conditions', () => {
  expect(Object.keys(CONDITIONS).sort()).toEqual(Object.keys(EXPECTED).sort());
});

describe.each(Object.keys(EXPECTED))('%s', (condition) => {
  test.each(Object.keys(VIEWS) as (keyof typeof VIEWS)[])('%s', (view) => {
    expect(CONDITIONS[condition]!({ endpoints: [], ...VIEWS[view] })).toEqual(EXPECTED[condition]![view] ?? 'open');
  });
});

test('what people are told', () => {
  expect([goalOf('running'), goalOf('endpoint'), goalOf('endpoint', 'pair')]).toEqual([
    'running',
    'connected at its endpoints',
    'connected at pair',
  ]);
});
