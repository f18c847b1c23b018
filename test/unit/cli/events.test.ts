// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { eventItems, eventJson, eventRequest, eventText } from '../../../src/cli/events.ts';
import type { XendEvent } from '../../../src/xend/event.ts';

const NOW = Date.parse('2026-11-21T12:00:00Z');
const event: XendEvent = {
  ...{ seq: 7, boot: 'abc', time: NOW, kind: 'domain', event: 'crashed', domid: 1, domain: 'web' },
  details: { uuid: 'a-b', reason: 'crash: "\x1b[2J"\nforged \u009b31m' },
};

test('asks xend for what is wanted', () => {
  expect(eventRequest({}, NOW)).toEqual({ params: {}, path: '/events?' });
  expect(eventRequest({ since: '1h', filter: ['kind=device', 'domain=a b'] }, NOW)).toEqual({
    params: { since: NOW - 3_600_000, filters: ['kind=device', 'domain=a b'] },
    path: `/events?since=${NOW - 3_600_000}&filters=kind%3Ddevice&filters=domain%3Da+b`,
  });
  expect(() => eventRequest({ since: 'x' }, NOW)).toThrow("'x' is not a time");
});

describe('one event', () => {
  test('is one line for people, which does nothing to their terminal', () => {
    expect(eventText(event)).toBe(
      '7 2026-11-21T12:00:00.000Z domain crashed web (1) uuid=a-b reason="crash: \\"\\u001b[2J\\"\\nforged \\x9b31m"',
    );
    expect(eventText({ lost: 3 })).toBe('[3 events were lost]');
  });

  test('is flat for programs, as it was said', () => {
    expect(eventJson(event)).toEqual({
      ...{
        seq: 7,
        boot: 'abc',
        time: '2026-11-21T12:00:00.000Z',
        kind: 'domain',
        event: 'crashed',
        domid: 1,
        domain: 'web',
      },
      ...event.details,
    });
    expect(eventJson({ lost: 3 })).toEqual({ lost: 3 });
  });
});

test('a stream holds events and what was missed; the mark of the present is no event', async () => {
  async function* frames() {
    for (const frame of [{ lost: 2 }, event, null, event]) yield JSON.stringify(frame);
  }
  const seen: unknown[] = [];
  for await (const item of eventItems(frames())) seen.push(item);
  expect(seen).toEqual([{ lost: 2 }, event, event]);
});
