// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { historyOf, lossNote, readConsoleLog } from '../../../src/cli/console-log.ts';

const log = (text: string, shown = text.length, lost = 0) =>
  readConsoleLog({ domid: 1, name: 'x', bytes: Buffer.from(text).toString('base64'), shown, lost });

describe('what somebody sees who attaches', () => {
  test.each([
    [1, 'three# '],
    [2, 'two\r\nthree# '],
    [3, 'one\r\ntwo\r\nthree# '],
    [4, '\r\none\r\ntwo\r\nthree# '],
    [5, '\r\none\r\ntwo\r\nthree# '],
    [Number.POSITIVE_INFINITY, '\r\none\r\ntwo\r\nthree# '],
  ])('the last %d lines', (lines, expected) => {
    expect(historyOf(log('\r\none\r\ntwo\r\nthree# '), lines).toString()).toBe(expected);
  });

  test('is what others saw, and no more', () => {
    expect(historyOf(log('one\ntwo\nthree', 8), 1).toString()).toBe('two\n');
    expect(historyOf(log('one\ntwo\nthree', 0), 1).toString()).toBe('');
    expect(historyOf(log('', 0), 9).toString()).toBe('');
  });

  test('begins with what is missing, if it begins where that was', () => {
    expect(historyOf(log('one\ntwo\n', 8, 7), 9).toString()).toBe('[7 bytes were lost]\r\none\ntwo\n');
    expect(historyOf(log('one\ntwo\n', 8, 7), 1).toString()).toBe('two\n');
    expect(lossNote(0)).toBe('');
  });
});
