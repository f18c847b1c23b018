// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { CONNECTION } from '../../../src/vsock/frame.ts';
import { createInbox } from '../../../src/vsock/inbox.ts';
import { LINK } from '../../../src/vsock/link-machine.ts';

/** Everything that can be reached from a state. */
function reachable(
  table: Readonly<Record<string, Readonly<Record<string, string>>>>,
  from: string,
): ReadonlySet<string> {
  const found = new Set([from]);
  for (const state of found) for (const next of Object.values(table[state] ?? {})) found.add(next);
  return found;
}

test('a connection can be ended from every state, and what has ended stays so', () => {
  expect([...reachable(CONNECTION, 'asking')].toSorted()).toEqual(Object.keys(CONNECTION).toSorted());
  for (const [state, moves] of Object.entries(CONNECTION)) {
    if (state !== 'closed') expect(moves).toMatchObject({ cut: 'closed', gone: 'closed' });
  }
  expect(CONNECTION.closed).toEqual({});
  // Nothing is sent behind one's own end.
  for (const state of ['asking', 'finished', 'closed'] as const) expect(CONNECTION[state].data).toBeUndefined();
});

test('a link comes back to where it began from every state', () => {
  const moves = Object.fromEntries(
    Object.entries(LINK).map(([state, row]) => [
      state,
      Object.fromEntries(Object.entries(row).map(([event, { to }]) => [event, to])),
    ]),
  );
  for (const state of Object.keys(LINK))
    expect([...reachable(moves, state)].toSorted()).toEqual(Object.keys(LINK).toSorted());
});

test('tiny pieces take no more memory than a few of them would', () => {
  const inbox = createInbox();
  for (let at = 0; at < 16_384; at++) {
    inbox.place(1)[0] = at & 0xff;
    inbox.put(1);
  }
  const all = new Uint8Array(20_000);
  let got = inbox.take(all.subarray(0, 5000));
  got += inbox.take(all.subarray(got));
  expect([got, inbox.size]).toEqual([16_384, 0]);
  expect(all.subarray(0, got).every((byte, at) => byte === (at & 0xff))).toBe(true);
});
