// SPDX-License-Identifier: Apache-2.0
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { judgeRestart } from '../../../src/xend/restart.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: 1_000_000_000 });
});
afterEach(() => {
  vi.useRealTimers();
});

/** A domain that lived so many seconds, after so many short lives. */
const ended = (lived: number, quickLives: number, asked = false) => ({
  name: 'web',
  startTime: Date.now() / 1000 - lived,
  quickLives,
  shutdownTimer: asked ? setTimeout(() => {}).unref() : undefined,
});

test.each([
  { what: 'a crash at once, of one that was not restarted before', lived: 0.1, before: 0, crashed: true, is: 1 },
  {
    what: 'a crash just before the least time is over',
    lived: 19.9,
    before: 1,
    crashed: true,
    is: 'after 19.9 s, 2 times',
  },
  { what: 'a crash when it is over', lived: 20, before: 1, crashed: true, is: 0 },
  { what: 'a crash soon after a quick reboot', lived: 1, before: 3, crashed: true, is: 'after 1.0 s, 4 times' },
  { what: 'quick ends without a crash', lived: 0.1, before: 4, crashed: false, is: 5 },
  { what: 'too many of them', lived: 0.1, before: 5, crashed: false, is: 'after 0.1 s, 6 times' },
  { what: 'a long life after them', lived: 60, before: 5, crashed: false, is: 0 },
  { what: 'what xend was asked for', lived: 0.1, before: 5, crashed: false, asked: true, is: 0 },
  {
    what: 'a crash when xend had asked for an end',
    lived: 0.1,
    before: 1,
    crashed: true,
    asked: true,
    is: 'after 0.1 s, 2 times',
  },
])('$what: $is', ({ lived, before, crashed, asked, is }) => {
  const verdict = judgeRestart(ended(lived, before, asked), crashed);
  if (typeof is === 'number') expect(verdict).toBe(is);
  else expect(verdict).toBe(`VM web restarting too fast (${is} in a row): it stays down`);
});
