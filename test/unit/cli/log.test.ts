// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { type LogOptions, logJson, logRequest } from '../../../src/cli/log.ts';

const NOW = Date.parse('2026-11-21T12:00:00Z');
const line = (text: string) => `[2026-11-21 07:20:24 15] INFO (a:1) ${text}`;
const PAST = Array.from({ length: 30 }, (_, at) => line(`past ${at}`));

/** What is shown of a stream that holds a past, and what comes then. */
async function followed(options: LogOptions, past: readonly string[], coming: readonly unknown[] = []) {
  async function* frames() {
    for (const item of [...past, null, ...coming]) yield JSON.stringify(item);
  }
  const shown: string[] = [];
  for await (const item of logRequest(options, NOW).follow(frames())) shown.push(item);
  return shown;
}

describe('xm log', () => {
  test('asks xend for what it wants', () => {
    const options = { lines: 2, since: '2h', until: '2026-11-21T11:00:00Z', level: 'warning', domain: ['a', 'b'] };
    expect(logRequest(options, NOW).params).toEqual({
      since: NOW - 7_200_000,
      until: NOW - 3_600_000,
      level: 'WARNING',
      domains: ['a', 'b'],
      lines: 2,
    });
    expect(logRequest({}, NOW).params).toEqual({});
  });

  test('searches by itself, and takes the last of what matches', () => {
    const select = (options: LogOptions) => {
      const request = logRequest(options, NOW);
      expect(request.params).toEqual({});
      return request.select(PAST);
    };
    expect(select({ grep: 'PAST 1', lines: 2 })).toEqual([]);
    expect(select({ grep: 'past 1\\d$', lines: 2 })).toEqual([line('past 18'), line('past 19')]);
    expect(select({ grep: 'info.*past 1$' })).toEqual([line('past 1')]);
    expect(select({ grep: 'past', lines: 0 })).toEqual([]);
  });

  test('no lines are none, all are all', () => {
    expect(logRequest({ lines: 0 }, NOW).params).toEqual({ lines: 0 });
    expect(logRequest({ lines: Number.POSITIVE_INFINITY }, NOW).select(PAST)).toEqual(PAST);
  });

  test.each([
    [{ since: 'x' }, 'ETIME'],
    [{ until: '7' }, 'ETIME'],
    [{ grep: '(' }, 'EPATTERN'],
  ])('%j is refused', (options, code) => {
    expect(() => logRequest(options, NOW)).toThrow(expect.objectContaining({ code }));
  });
});

describe('xm log -f', () => {
  test.each([
    [{}, '/log?framed=yes&lines=10'],
    [{ lines: 3 }, '/log?framed=yes&lines=3'],
    [{ lines: 0 }, '/log?framed=yes&lines=0'],
    [{ lines: Number.POSITIVE_INFINITY }, '/log?framed=yes'],
    [{ since: '1h' }, `/log?framed=yes&since=${NOW - 3_600_000}`],
    [
      { since: '1h', lines: 3, domain: ['a', 'b'] },
      `/log?framed=yes&since=${NOW - 3_600_000}&domains=a&domains=b&lines=3`,
    ],
    [{ grep: 'x' }, '/log?framed=yes'],
  ])('%j asks for %s', (options, path) => {
    expect(logRequest(options, NOW).path).toBe(path);
  });

  test('shows the last ten lines that match, and then those that do', async () => {
    const shown = await followed({ grep: '[02468]$' }, PAST, [line('3'), line('4')]);
    expect(shown).toEqual([...PAST.filter((_, at) => at % 2 === 0).slice(-10), line('4')]);
  });

  test('shows all of a past that is asked for', async () => {
    expect(await followed({ since: '1h', grep: 'past' }, PAST, [line('new')])).toEqual(PAST);
    expect(await followed({ lines: 0, grep: 'new' }, PAST, [line('new')])).toEqual([line('new')]);
  });

  test('says what it was too slow for, whatever is looked for', async () => {
    const shown = await followed({ grep: 'new' }, [], [line('old'), { lost: 7 }, line('new')]);
    expect(shown).toEqual(['[7 lines were lost: they came faster than they were read]', line('new')]);
  });
});

test('a line for programs says what it is made of', () => {
  const time = new Date(2026, 10, 21, 7, 20, 24).toISOString();
  expect(logJson(line('one\n\ttwo'))).toEqual({ time, pid: 15, level: 'INFO', source: 'a:1', text: 'one\ntwo' });
  expect(logJson('garbage')).toEqual({ text: 'garbage' });
});
