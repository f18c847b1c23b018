// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { DEFAULT_QUOTAS } from '../../../src/idc/contract.ts';
import { type Agreement, formatLevel, parseLevel } from '../../../src/idc/rendezvous-level.ts';
import {
  after,
  decide,
  idOf,
  type Level,
  levelOf,
  MAX_REFUSALS,
  newEnd,
  type Own,
  type Phase,
  type Plan,
  peerOf,
  refuse,
} from '../../../src/idc/rendezvous-machine.ts';

const WANTED: Agreement = { quotas: DEFAULT_QUOTAS, channel: 'ring' };
const calm = { leaving: false, broken: false, holding: false };

function levelAt(domid: number, ticket: number, more: Partial<Level> = {}): Level {
  return { ...levelOf(newEnd(domid, `${domid}-x`)), ticket, misfit: '', offer: undefined, guest: undefined, ...more };
}

/** An end of domain `domid` that has met that of the other one of domains 1 and 2, and got as far as `phase`. */
function endIn(phase: Phase, domid: 1 | 2): { own: Own; peer: Level } {
  const granter = domid === 1;
  let own = newEnd(domid, `${domid}-x`);
  const offer = granter ? undefined : { gref: 8, port: 1 };
  const echo = phase === 'connected' || !granter ? idOf(own) : '';
  const peer = levelAt(3 - domid, 1, { echo, offer });
  if (phase !== 'alone') own = after('appear', own, peer);
  if (phase === 'offered' || phase === 'connected') own = after(granter ? 'lend' : 'map', own, peer);
  if (phase === 'connected') own = after('connect', own, peer);
  return { own, peer };
}

describe('the pair', () => {
  test.each<readonly [string, Level, readonly Level[], number | undefined]>([
    ['nobody else', levelAt(1, 1), [], undefined],
    ['the only other one', levelAt(1, 2), [levelAt(2, 1)], 2],
    ['of three, the first has the second', levelAt(3, 1), [levelAt(1, 3), levelAt(2, 2)], 2],
    ['of three, the third has nobody', levelAt(1, 3), [levelAt(3, 1), levelAt(2, 2)], undefined],
    ['the same ticket: the lower domain comes first', levelAt(2, 1), [levelAt(3, 1), levelAt(1, 1)], 1],
    ['in one domain: the lower name', levelAt(1, 1, { name: 'b' }), [levelAt(1, 1, { name: 'a' })], 1],
    [
      'where somebody listens, others do not meet',
      levelAt(1, 1),
      [levelAt(2, 2), levelAt(3, 0, { guest: '' })],
      undefined,
    ],
    ['the end that was made for it', levelAt(1, 1), [levelAt(2, 0), levelAt(3, 9, { guest: '1-x' })], 3],
    [
      'of two that were, the first',
      levelAt(1, 1),
      [levelAt(2, 5, { guest: '1-x' }), levelAt(3, 4, { guest: '1-x' })],
      3,
    ],
    ['a listener’s end has its guest', levelAt(3, 9, { guest: '1-x' }), [levelAt(2, 0), levelAt(1, 1)], 1],
    ['and no other listener’s', levelAt(3, 9, { guest: '1-x' }), [levelAt(1, 1, { guest: '3-x' })], undefined],
    ['a listener itself has nobody', levelAt(3, 0, { guest: '' }), [levelAt(1, 1)], undefined],
  ])('%s', (_name, own, others, expected) => {
    expect(peerOf(own, others)?.domid).toBe(expected);
  });
});

describe('what an end does', () => {
  test.each<readonly [Phase, 1 | 2, Partial<Level> | undefined, Plan | undefined]>([
    ['alone', 1, undefined, undefined],
    ['alone', 1, {}, 'meet'],
    ['met', 1, undefined, 'part'],
    ['met', 1, { name: 'new' }, 'part'],
    ['met', 1, {}, 'offer'],
    ['met', 1, { closing: true }, undefined],
    ['met', 1, { misfit: 'it names other limits' }, undefined],
    ['met', 2, {}, 'accept'],
    ['met', 2, { echo: '2-x.9' }, undefined],
    ['met', 2, { offer: undefined }, undefined],
    ['offered', 1, {}, undefined],
    ['offered', 1, { echo: '1-x.1' }, 'join'],
    ['offered', 1, { echo: '1-x.1', incarnation: 2 }, 'cycle'],
    ['offered', 1, { closing: true }, 'cycle'],
    ['offered', 1, undefined, 'cycle'],
    ['connected', 1, {}, undefined],
    ['connected', 2, {}, undefined],
    ['connected', 1, { incarnation: 2 }, 'cycle'],
    ['connected', 1, { echo: '' }, 'cycle'],
    ['connected', 2, { offer: undefined }, 'cycle'],
    ['connected', 2, { name: 'new' }, 'cycle'],
    ['connected', 2, { misfit: 'it names other limits' }, 'cycle'],
    ['connected', 2, undefined, 'cycle'],
  ])('%s, in domain %i, seeing %j: %s', (phase, domid, change, plan) => {
    const { own, peer } = endIn(phase, domid);
    expect(decide(own, change && { ...peer, ...change }, calm)).toBe(plan);
  });

  test('a broken channel ends a connection, and only that', () => {
    for (const phase of ['alone', 'met', 'offered', 'connected'] as const) {
      const { own, peer } = endIn(phase, 1);
      const usual = decide(own, peer, calm);
      expect(decide(own, peer, { ...calm, broken: true })).toBe(phase === 'connected' ? 'cycle' : usual);
      expect(decide(own, peer, { ...calm, leaving: true })).toBe('leave');
    }
  });

  test('memory that the peer still maps keeps it from an offer, not from a connection that stands', () => {
    const holding = { ...calm, holding: true };
    const met = endIn('met', 1);
    expect(decide(met.own, met.peer, holding)).toBeUndefined();
    const connected = endIn('connected', 1);
    expect(decide(connected.own, connected.peer, holding)).toBeUndefined();
  });

  test('an offer that failed is asked for again, once for each, and not for ever', () => {
    const { own: start, peer } = endIn('met', 2);
    let own = start;
    for (let attempt = 1; attempt < MAX_REFUSALS; attempt++) {
      own = refuse(own, { ...peer, incarnation: attempt });
      expect(decide(own, { ...peer, incarnation: attempt, echo: idOf(own) }, calm)).toBe('retry');
      own = after('renew', own, peer);
      // The granter has not seen it yet.
      expect(decide(own, { ...peer, incarnation: attempt }, calm)).toBeUndefined();
      expect(decide(own, { ...peer, incarnation: attempt + 1, echo: idOf(own) }, calm)).toBe('accept');
    }
    const last = { ...peer, incarnation: MAX_REFUSALS };
    expect(decide(refuse(own, last), last, calm)).toBeUndefined();
  });
});

describe('the text of a level', () => {
  const level = levelAt(1, 4, { echo: '2-y.7', offer: { gref: 8, port: 3 } });
  const text = formatLevel(level, WANTED);

  test('is read back', () => {
    expect(parseLevel(1, '1-x', text, WANTED)).toEqual(level);
    const bare = levelAt(1, 0, { closing: true });
    expect(parseLevel(1, '1-x', formatLevel(bare, WANTED), WANTED)).toEqual(bare);
  });

  test.each(['inFlight', 'bodyBytes'] as const)('another %s does not fit', (limit) => {
    const quotas = { ...DEFAULT_QUOTAS, [limit]: DEFAULT_QUOTAS[limit] + 4096 };
    expect(parseLevel(1, '1-x', text, { ...WANTED, quotas })?.misfit).toBe('it names other limits');
  });

  test.each([undefined, 'argo', 7])('channel %j does not fit', (channel) => {
    const other = JSON.stringify({ ...JSON.parse(text), channel });
    expect(parseLevel(1, '1-x', other, WANTED)?.misfit).toBe('it does not want channel ring');
  });

  test('over Argo offers a port and no memory', () => {
    const wanted: Agreement = { ...WANTED, channel: 'argo' };
    const offering = levelAt(1, 4, { offer: { gref: undefined, port: 77 } });
    expect(parseLevel(1, '1-x', formatLevel(offering, wanted), wanted)).toEqual(offering);
    expect(parseLevel(1, '1-x', formatLevel(level, wanted), wanted)?.offer).toBeUndefined();
  });

  test.each<readonly [string, unknown]>([
    ['ticket', -1],
    ['ticket', 1.5],
    ['incarnation', '1'],
    ['incarnation', undefined],
    ['closing', 1],
    ['echo', null],
  ])('with %s %j there is no level', (key, value) => {
    const broken = JSON.stringify({ ...JSON.parse(text), [key]: value });
    expect(parseLevel(1, '1-x', broken, WANTED)).toBeUndefined();
  });

  test.each<readonly [string, unknown]>([
    ['gref', [8]],
    ['gref', -8],
    ['gref', '8'],
    ['gref', undefined],
    ['port', -1],
  ])('with %s %j there is no offer', (key, value) => {
    const broken = JSON.stringify({ ...JSON.parse(text), [key]: value });
    expect(parseLevel(1, '1-x', broken, WANTED)).toMatchObject({ ticket: 4, offer: undefined });
  });

  test.each(['', 'null', '[]', '7', '{', '"x"'])('%j is no level', (nonsense) => {
    expect(parseLevel(1, '1-x', nonsense, WANTED)).toBeUndefined();
  });
});
