// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { controlConfig, newDomain, type XendDomain } from '../../../src/xend/domain.ts';
import { createEvents, type Events } from '../../../src/xend/events.ts';
import { noteEndpoint } from '../../../src/xend/idc.ts';
import { openLog } from '../../../src/xend/log.ts';

let directory: string;
let events: Events;
let domain: XendDomain;

beforeEach(() => {
  directory = mkdtempSync('/tmp/xd-');
  events = createEvents();
  const config = { ...controlConfig([]), name: 'web', addresses: ['pair'] };
  domain = newDomain(1, 'u-u', config, { log: openLog(join(directory, 'xend.log')), events });
});
afterEach(() => rmSync(directory, { recursive: true }));

const told = () => events.read().events.map(({ kind, event, details }) => ({ kind, event, ...details }));

test("each change of a domain's phase is an event, and no change is none", () => {
  domain.phase = 'paused';
  domain.phase = 'paused';
  domain.phase = 'running';
  domain.name = 'renamed';
  domain.shutdownReason = 'crash: no';
  domain.phase = 'crashed';
  expect(told()).toEqual([
    { kind: 'domain', event: 'building', uuid: 'u-u' },
    { kind: 'domain', event: 'paused', uuid: 'u-u' },
    { kind: 'domain', event: 'running', uuid: 'u-u' },
    { kind: 'domain', event: 'crashed', uuid: 'u-u', reason: 'crash: no' },
  ]);
  expect(events.read().events.map((event) => event.domain)).toEqual(['web', 'web', 'web', 'renamed']);
});

describe('what a domain says of its endpoints', () => {
  const note = (said: object) => noteEndpoint({ events }, domain, { ...said }).status;
  const ofEndpoints = () => told().slice(1);

  test('is an event', () => {
    expect(note({ news: 'connect', address: 'pair', peer: 2, connection: 1, reason: '' })).toBe(0);
    expect(note({ news: 'disconnect', address: 'pair', connection: 1, reason: 'x'.repeat(1e5) })).toBe(0);
    expect(ofEndpoints()).toEqual([
      { kind: 'endpoint', event: 'connect', address: 'pair', peer: 2, connection: 1 },
      { kind: 'endpoint', event: 'disconnect', address: 'pair', connection: 1, reason: 'x'.repeat(200) },
    ]);
  });

  test.each([
    [{}],
    [{ news: 'connect' }],
    [{ news: 'connect', address: 'other' }],
    [{ news: 'constructor', address: 'pair' }],
    [{ news: ['connect'], address: 'pair' }],
  ])('is nothing if it is %j', (said) => {
    expect(note(said)).not.toBe(0);
    expect(ofEndpoints()).toEqual([]);
  });

  test('has the right types, whatever it was', () => {
    expect(note({ news: 'connect', address: 'pair', peer: 'x', connection: { a: 1 } })).toBe(0);
    expect(ofEndpoints()).toEqual([{ kind: 'endpoint', event: 'connect', address: 'pair', peer: 0, connection: 0 }]);
  });
});
