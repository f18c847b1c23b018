// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { passes, readFilter, type XendEvent } from '../../../src/xend/event.ts';
import { createEvents, type EventRoom } from '../../../src/xend/events.ts';

const web = { domid: 1, name: 'web' };
const loud = { domid: 2, name: 'loud' };

function open(room: EventRoom) {
  let time = 1000;
  const events = createEvents(room, () => time++, 'abc');
  return { events, seqs: (since?: number) => events.read(since).events.map(({ seq }) => seq) };
}

describe('events that are kept', () => {
  test('have numbers without gaps, their time, and what was said', () => {
    const { events } = open({ all: 10, perDomain: 10 });
    events.publish('domain', 'running', web, { uuid: 'u' });
    events.publish('driver', 'up', web);
    const boot = 'abc';
    expect(events.read()).toEqual({
      events: [
        { seq: 1, boot, time: 1000, kind: 'domain', event: 'running', domid: 1, domain: 'web', details: { uuid: 'u' } },
        { seq: 2, boot, time: 1001, kind: 'driver', event: 'up', domid: 1, domain: 'web', details: {} },
      ],
      lost: 0,
    });
    expect(events.count()).toBe(2);
  });

  test('are so many, and it is said how many are not kept any more', () => {
    const { events, seqs } = open({ all: 5, perDomain: 5 });
    for (let domid = 0; domid < 8; domid++) events.publish('driver', 'up', { domid, name: 'x' });
    expect(seqs()).toEqual([4, 5, 6, 7, 8]);
    expect(events.read().lost).toBe(3);
    // Whoever asks for what came later has all of it.
    expect(events.read(1003)).toMatchObject({ lost: 0, events: { length: 5 } });
    expect(seqs(1006)).toEqual([7, 8]);
  });

  test('of a domain that does much take no more than its share', () => {
    const { events, seqs } = open({ all: 100, perDomain: 3 });
    events.publish('domain', 'running', web);
    for (let round = 0; round < 1000; round++) events.publish('driver', round % 2 ? 'up' : 'down', loud);
    expect(seqs()).toEqual([1, 999, 1000, 1001]);
    expect(events.read().lost).toBe(997);
  });

  test('that are lost are counted for whom the question is about', () => {
    const { events } = open({ all: 100, perDomain: 3 });
    for (let round = 0; round < 5; round++) events.publish('driver', 'up', web);
    for (let round = 0; round < 50; round++) events.publish('driver', 'up', loud);
    const lost = (...filters: string[]) => events.read(0, readFilter(filters)).lost;
    expect([lost(), lost('domain=web'), lost('domain=1'), lost('domid=1'), lost('domain=loud')]).toEqual([
      49, 2, 2, 2, 47,
    ]);
    expect([lost('domain=web', 'domain=loud'), lost('domain=other'), lost('domain=web', 'domid=2')]).toEqual([
      49, 0, 0,
    ]);
    // Those of very many domains are not told apart for ever, but of who still does much they are.
    for (let domid = 3; domid < 3000; domid++) {
      for (let round = 0; round < 4; round++) events.publish('driver', 'up', loud);
      for (let round = 0; round < 4; round++) events.publish('driver', 'up', { domid, name: `d${domid}` });
    }
    expect(lost()).toBe(5 + 50 + 2997 * 8 - 100);
    expect(lost('domain=loud')).toBe(50 + 2997 * 4 - 3);
    expect(lost('domain=web')).toBe(0);
    expect(lost('domain=d2900')).toBe(4);
  });

  test('hold no text of any length', () => {
    const { events } = open({ all: 3, perDomain: 3 });
    events.publish('domain', 'crashed', web, { reason: 'x'.repeat(1e6) });
    expect(String(events.read().events[0]!.details.reason)).toHaveLength(200);
  });
});

test('a listener that leaves while it is told does no harm', () => {
  const events = createEvents();
  const seen: string[] = [];
  const stop = events.follow(({ event }) => {
    seen.push(`first ${event}`);
    stop();
  });
  events.follow(({ event }) => seen.push(`second ${event}`));
  events.publish('driver', 'up', web);
  events.publish('driver', 'down', web);
  expect(seen).toEqual(['first up', 'second up', 'second down']);
});

describe('filters', () => {
  const event: XendEvent = {
    ...{ seq: 1, boot: 'abc', time: 0, kind: 'device', event: 'connected', domid: 1, domain: 'web' },
    details: { class: 'vbd', device: 'xvda', devid: 51712 },
  };

  test.each([
    [[], true],
    [['kind=device'], true],
    [['kind=domain', 'kind=device'], true],
    [['kind=domain'], false],
    [['kind=device', 'event=closed'], false],
    [['domain=web', 'class=vbd', 'devid=51712'], true],
    [['domain=1'], true],
    [['domid=1'], true],
    [['domain=2'], false],
    [['device='], false],
    [['reason=undefined'], false],
  ])('%j', (texts, expected) => {
    expect(passes(readFilter(texts), event)).toBe(expected);
  });

  test.each([
    ['device', "'device' is not KEY=VALUE"],
    ['=x', "'=x' is not KEY=VALUE"],
    ['kin=device', "No event has a 'kin'"],
    ['constructor=x', "No event has a 'constructor'"],
    ['kind=devices', "No event has kind='devices'"],
    ['event=conected', "No event has event='conected'"],
  ])('%s is refused', (text, message) => {
    expect(() => readFilter(['kind=device', text])).toThrow(message);
  });
});
