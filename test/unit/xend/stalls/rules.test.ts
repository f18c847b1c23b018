// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import type { Stall } from '../../../../src/xend/contract.ts';
import type { DeviceState } from '../../../../src/xend/device-table.ts';
import type { DeviceSample, RingSample, StallSample } from '../../../../src/xend/stalls/contract.ts';
import { judge, UNSUSPECTED } from '../../../../src/xend/stalls/judge.ts';
import { STALL_RULES } from '../../../../src/xend/stalls/rules.ts';
import { stallSentence } from '../../../../src/xend/stalls/words.ts';

type Part = Partial<Omit<StallSample, 'time'>>;

const DOMAINS = ['Domain-0', 'front', 'back', 'other'].map((name, domid) => ({
  domid,
  name,
  paused: false,
  building: false,
}));
const EMPTY: Omit<StallSample, 'time'> = { domains: DOMAINS, threads: [], channels: [], rings: [], devices: [] };

/** Judges samples that were taken a second after each other. @returns what the last one shows */
function stallsIn(...parts: readonly Part[]): readonly Stall[] {
  let suspicions = UNSUSPECTED;
  let stalls: readonly Stall[] = [];
  for (const [second, part] of parts.entries()) {
    ({ stalls, suspicions } = judge(STALL_RULES, suspicions, { ...EMPTY, ...part, time: second * 1000 }));
  }
  return stalls;
}

/** The same sample for so many seconds. */
const lasting = (seconds: number, part: Part): Part[] => Array.from({ length: seconds + 1 }, () => part);

const rulesOf = (stalls: readonly Stall[]) => stalls.map(({ rule }) => rule);

const RING: RingSample = {
  domid: 1,
  backId: 2,
  evtchn: 4,
  class: 'vbd',
  device: 'xvda',
  direction: 'front>back',
  reqProd: 10,
  reqCons: 10,
  rspProd: 10,
  rspCons: 10,
};
const ring = (fields: Partial<RingSample>): Part => ({ rings: [{ ...RING, ...fields }] });

const DEVICE: DeviceSample = {
  domid: 1,
  backId: 2,
  class: 'vbd',
  device: 'xvda',
  state: 'connected',
  gone: undefined,
  asked: undefined,
};
const device = (fields: Partial<DeviceSample>): Part => ({ devices: [{ ...DEVICE, ...fields }] });

const thread = (turns: number, fields: Partial<StallSample['threads'][number]> = {}): Part => ({
  threads: [{ name: 'front', domids: [1], turns, waits: false, ...fields }],
});

test('nothing stalls where nothing is outstanding', () => {
  const idle = { ...ring({}), ...device({}), threads: [{ name: 'front', domids: [1], turns: 7, waits: true }] };
  expect(stallsIn(...lasting(60, idle))).toEqual([]);
});

test('a verdict has an age, a place, and a debtor', () => {
  const [stall, ...more] = stallsIn(...lasting(5, ring({ reqProd: 13 })));
  expect(more).toEqual([]);
  expect(stall).toEqual({
    rule: 'ring-requests',
    age: 5000,
    domid: 1,
    domain: 'front',
    what: 'vbd xvda front>back',
    owes: { domid: 2, domain: 'back', end: 'back' },
    text: 'has not taken 3 of what is there',
  });
  expect(stallSentence(stall!)).toBe(
    'front: vbd xvda front>back: back end back has not taken 3 of what is there, for 5 s',
  );
});

describe('rings', () => {
  const cases: readonly [string, Partial<RingSample>, number, string, number][] = [
    ['requests of the front end that are not taken', { reqProd: 11 }, 3, 'ring-requests', 2],
    ['requests of the back end that are not taken', { reqProd: 11, direction: 'back>front' }, 3, 'ring-requests', 1],
    ['output that is not read', { reqProd: 500, direction: 'out' }, 3, 'ring-requests', 2],
    ['input that is not read', { reqProd: 500, direction: 'in' }, 3, 'ring-requests', 1],
    ['answers to the front end that are not taken', { rspCons: 8 }, 3, 'ring-answers', 1],
    ['answers to the back end that are not taken', { rspCons: 8, direction: 'back>front' }, 3, 'ring-answers', 2],
    ['requests that are taken and not answered', { rspProd: 9, rspCons: 9 }, 10, 'ring-work', 2],
  ];
  test.each(cases)('%s', (_what, fields, limit, rule, debtor) => {
    expect(stallsIn(...lasting(limit - 1, ring(fields)))).toEqual([]);
    const stalls = stallsIn(...lasting(limit, ring(fields)));
    expect(stalls).toMatchObject([{ rule, age: limit * 1000, owes: { domid: debtor } }]);
  });

  test('indexes go round at 2^32', () => {
    const [stall] = stallsIn(...lasting(3, ring({ reqProd: 2, reqCons: 2 ** 32 - 1 })));
    expect(stall!.text).toContain('3 of what is there');
  });

  test('whoever moves on, however slowly, has not stalled; more that is put there excuses nobody', () => {
    const slow = Array.from({ length: 20 }, (_, second) =>
      ring({ reqProd: 100, reqCons: 10 + Math.floor(second / 2), rspProd: 10 + Math.floor(second / 2), rspCons: 10 }),
    );
    expect(rulesOf(stallsIn(...slow))).not.toContain('ring-requests');
    const flooded = Array.from({ length: 5 }, (_, second) => ring({ reqProd: 20 + second }));
    expect(rulesOf(stallsIn(...flooded))).toEqual(['ring-requests']);
  });

  test('another connection begins anew', () => {
    expect(stallsIn(...lasting(2, ring({ reqProd: 11 })), ...lasting(2, ring({ reqProd: 11, evtchn: 5 })))).toEqual([]);
  });

  test('kernels may hold transactions as long as they like', () => {
    expect(stallsIn(...lasting(100, ring({ rspProd: 9, rspCons: 9, class: 'idc' })))).toEqual([]);
  });

  test('numbers without sense are numbers', () => {
    const sides = ring({ reqProd: 0, reqCons: 2 ** 32 - 1, rspProd: 7, rspCons: 2 ** 31 });
    expect(rulesOf(stallsIn(...lasting(10, sides)))).toEqual(['ring-requests', 'ring-answers', 'ring-work']);
  });
});

describe('event channels', () => {
  const pending = (fields: object): Part => ({
    channels: [{ domid: 3, port: 9, masked: false, received: 0, ...fields }],
  });

  test.each([
    [true, 'channel-masked'],
    [false, 'channel-pending'],
  ])('an event that is pending, masked: %s', (masked, rule) => {
    expect(stallsIn(...lasting(2, pending({ masked })))).toEqual([]);
    const owes = { domid: 3, domain: 'other', end: 'domain' };
    expect(stallsIn(...lasting(3, pending({ masked })))).toMatchObject([{ rule, what: 'event channel 9', owes }]);
  });

  test('one that is taken and comes again has not stalled', () => {
    expect(stallsIn(...Array.from({ length: 9 }, (_, received) => pending({ received })))).toEqual([]);
  });
});

describe('devices', () => {
  const states: readonly [DeviceState, number][] = [
    ['new', 2],
    ['waiting', 1],
    ['offered', 1],
    ['unserved', 2],
  ];
  test.each(states)('stuck in state %s, domain %i owes', (state, debtor) => {
    expect(stallsIn(...lasting(2, device({ state })))).toEqual([]);
    expect(stallsIn(...lasting(3, device({ state })))).toMatchObject([
      { rule: 'device', what: `vbd xvda, ${state}`, owes: { domid: debtor } },
    ]);
  });

  test('one that is gone owes, by its name, to the device that waits for it', () => {
    const waiting = device({ state: 'unserved', backId: 9, gone: 'driver' });
    expect(stallsIn(...lasting(3, waiting))).toMatchObject([
      {
        what: 'vbd xvda, unserved',
        owes: { domid: 9, end: 'back', domain: 'driver' },
        text: expect.stringMatching(/^is gone/),
      },
    ]);
  });

  test('whoever was asked and does not answer owes, in any state', () => {
    const asked = { domid: 2, message: 'VBD_BE DISCONNECT', number: 7 };
    const [stall] = stallsIn(...lasting(3, device({ asked })));
    expect(stall).toMatchObject({ owes: { domid: 2, end: 'back' }, text: 'has not answered VBD_BE DISCONNECT' });
  });

  test('a device that goes on has not stalled', () => {
    const going = [1, 2, 3, 4, 5, 6].map((number) =>
      device({ state: 'offered', asked: { domid: 1, message: 'm', number } }),
    );
    expect(stallsIn(...going)).toEqual([]);
    expect(stallsIn(...lasting(9, device({ state: 'closed' })))).toEqual([]);
  });

  test('a domain that serves itself', () => {
    const [stall] = stallsIn(...lasting(3, device({ backId: 1, state: 'unserved' })));
    expect(stall!.owes).toMatchObject({ domid: 1, end: 'back' });
  });
});

describe('event loops', () => {
  test('one that does not come round', () => {
    expect(stallsIn(...lasting(2, thread(5)))).toEqual([]);
    expect(stallsIn(...lasting(3, thread(5)))).toMatchObject([
      { rule: 'loop', domid: 1, what: 'thread front', text: 'does not come back to its event loop' },
    ]);
  });

  test('one that comes round now and then, or blocks where it waits for an event', () => {
    expect(stallsIn(thread(5), thread(5), thread(5), thread(6), thread(6), thread(6))).toEqual([]);
    expect(stallsIn(...lasting(9, thread(5, { waits: true })))).toEqual([]);
    // It was seen waiting in between.
    expect(stallsIn(...lasting(2, thread(5)), thread(5, { waits: true }), ...lasting(2, thread(5)))).toEqual([]);
  });

  test('of a thread with many domains the first few are named, and who is paused or being built is not one of them', () => {
    const domids = Array.from({ length: 20 }, (_, index) => index + 1);
    const domains = domids.map((domid) => ({
      domid,
      name: `g${domid}`,
      paused: domid === 1,
      building: domid === 2,
    }));
    const [stall] = stallsIn(...lasting(3, { ...thread(5, { name: 'shared/1', domids }), domains }));
    expect(stall).toMatchObject({ domid: 3, what: 'thread shared/1' });
    expect(stall!.text).toBe('does not come back to its event loop, or another of g3, g4, g5, 15 more');
  });

  test('a thread without domains, or with paused ones alone, owes nothing', () => {
    expect(stallsIn(...lasting(9, thread(5, { domids: [] })))).toEqual([]);
    const domains = DOMAINS.map((domain) => ({ ...domain, paused: true }));
    expect(stallsIn(...lasting(9, { ...thread(5), domains }))).toEqual([]);
  });
});

describe('who is paused owes nothing meanwhile', () => {
  const paused = DOMAINS.map((domain) => ({ ...domain, paused: domain.name === 'back' }));

  test('and begins anew when it goes on', () => {
    const held = { ...ring({ reqProd: 11 }), domains: paused };
    expect(stallsIn(...lasting(20, held), ...lasting(2, ring({ reqProd: 11 })))).toEqual([]);
    expect(stallsIn(...lasting(20, held), ...lasting(3, ring({ reqProd: 11 })))).toMatchObject([{ age: 3000 }]);
  });

  test('but others do', () => {
    expect(rulesOf(stallsIn(...lasting(3, { ...ring({ rspCons: 9 }), domains: paused })))).toEqual(['ring-answers']);
  });

  test('as does who has gone', () => {
    const domains = DOMAINS.filter(({ name }) => name !== 'back');
    expect(stallsIn(...lasting(9, { ...ring({ reqProd: 11 }), domains }))).toEqual([]);
  });
});

test('causes come before what comes of them', () => {
  const everything: Part = {
    ...ring({ reqProd: 11 }),
    ...device({ state: 'offered' }),
    ...thread(5),
    channels: [
      { domid: 1, port: 1, masked: false, received: 0 },
      { domid: 1, port: 2, masked: true, received: 0 },
    ],
  };
  expect(rulesOf(stallsIn(...lasting(9, everything)))).toEqual([
    'loop',
    'channel-masked',
    'channel-pending',
    'device',
    'ring-requests',
  ]);
});
