// SPDX-License-Identifier: Apache-2.0
import { PassThrough } from 'node:stream';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { createHistory } from '../../../src/tui/history.ts';
import { quantileOf, shortAge, shortTime } from '../../../src/tui/latency.ts';
import { splitMouse } from '../../../src/tui/mouse.ts';
import { sample } from '../../../src/tui/sample.ts';
import { endpointSteps, sequenceDiagram, stepsOf } from '../../../src/tui/sequence.ts';
import { bar, sparkline } from '../../../src/tui/spark.ts';
import { summaryLines } from '../../../src/tui/summary.ts';
import { splitTerminal } from '../../../src/tui/terminal-input.ts';
import { later, records } from './readings.ts';
import { domainStats, stats } from './stats.ts';

describe('pictures', () => {
  test('a line of bars: the highest fills its place, the newest is at the right, anything is seen', () => {
    expect(sparkline([0, 1, 50, 100], 6)).toBe('   ▁▄█');
    expect(sparkline([9, 9, 9], 2)).toBe('██');
    expect(sparkline([0, 0, 8, 0, 0, 4], 3)).toBe(' █▄');
    expect(sparkline([], 3)).toBe('   ');
    // One percent is not drawn as a hundred.
    expect(sparkline([0, 1, 50], 3, 100)).toBe(' ▁▄');
  });

  test('a bar is full only when all is used, and shows anything at all', () => {
    expect([bar(0, 32, 4), bar(1, 32, 4), bar(31, 32, 4), bar(32, 32, 4), bar(1, 0, 4)]).toEqual([
      '[....]',
      '[#...]',
      '[###.]',
      '[####]',
      '[....]',
    ]);
  });
});

test('history goes a minute back, and forgets what is gone', () => {
  const history = createHistory();
  const round = (seconds: number, domids: readonly number[]) =>
    history.add(
      sample(undefined, {
        stats: stats(
          domids.map((domid) => domainStats(domid, `dom${domid}`)),
          [],
          seconds,
        ),
      }),
    );
  for (const seconds of [0, 20, 40, 60, 80]) round(seconds, [0, 1]);
  expect(history.line('cpu', '0')).toHaveLength(4);
  round(81, [0]);
  expect(history.line('cpu', '1')).toEqual([]);
});

test('what was not read for a while has a gap in its history', () => {
  const history = createHistory();
  const grant = {
    domid: 1,
    gref: 8,
    grantee: 0,
    kind: 'access',
    readonly: false,
    bytes: 0,
    mappings: 2,
    use: '',
  } as const;
  const round = (seconds: number, read: boolean) =>
    history.add(sample(undefined, { stats: stats([], [], seconds), ...(read && { grants: [grant] }) }));
  for (const [seconds, read] of [true, false, true].entries()) round(seconds, read);
  const line = history.line('grant', '1 8');
  expect(line).toEqual([2, Number.NaN, 2]);
  expect(sparkline(line, 3)).toBe('█ █');
});

describe('latency', () => {
  test('quantiles lie in their bucket', () => {
    const buckets = Array.from({ length: 24 }, (_, bucket) => (bucket === 3 ? 99 : bucket === 10 ? 1 : 0));
    expect(quantileOf(buckets, 0.5)).toBeCloseTo(4 + 4 * (50 / 99));
    expect(quantileOf(buckets, 1)).toBe(1024);
    expect(quantileOf(new Array(24).fill(0), 0.5)).toBeUndefined();
  });

  test('times and ages are short', () => {
    expect([0.5, 7.25, 99, 1500, 25_000, 3e6].map(shortTime)).toEqual([
      '500ns',
      '7.3us',
      '99us',
      '1.5ms',
      '25ms',
      '3.0s',
    ]);
    expect([0, 59_999, 60_000, 7_500_000].map(shortAge)).toEqual(['0s', '59s', '1m00s', '2h05m']);
  });
});

describe('the mouse', () => {
  test('its reports are taken out, keys stay', () => {
    expect(splitMouse('a\x1b[<0;10;5M\x1b[<0;10;5mb\x1b[B')).toEqual({
      keys: 'ab\x1b[B',
      events: [{ kind: 'press', column: 9, row: 4 }],
      rest: '',
    });
    expect(splitMouse('\x1b[<64;1;1M\x1b[<65;1;1M\x1b[<2;1;1M').events.map(({ kind }) => kind)).toEqual([
      'wheelUp',
      'wheelDown',
    ]);
  });

  test.each(['\x1b', '\x1b[', '\x1bO', '\x1b[<', '\x1b[<0;1'])('one that is cut waits for its end: %j', (rest) => {
    expect(splitMouse(`x${rest}`)).toEqual({ keys: 'x', events: [], rest });
  });

  test('over a slow line, an escape whose rest comes is no Esc; alone it is', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    const terminal = Object.assign(new PassThrough(), { isTTY: true });
    const input = splitTerminal(terminal as never);
    onTestFinished(input.close);
    let keys = '';
    let clicks = 0;
    input.stdin.on('data', (chunk) => {
      keys += chunk;
    });
    input.onMouse = () => {
      clicks += 1;
    };
    const send = async (text: string) => {
      terminal.write(text);
      await new Promise(setImmediate);
    };
    for (const part of ['\x1b', '[<0;10', ';5M', '\x1b', '[A', '\x1b[', 'B']) await send(part);
    expect(keys).toBe('\x1b[A\x1b[B');
    expect(clicks).toBe(1);
    await send('\x1b');
    expect(keys).toBe('\x1b[A\x1b[B');
    vi.runAllTimers();
    await send('');
    expect(keys).toBe('\x1b[A\x1b[B\x1b');
  });
});

describe('control flow', () => {
  test('each message has its answer, or none yet', () => {
    expect(stepsOf(records).map(({ message, to, answer }) => [message, to, answer])).toEqual([
      ['CREATE', 'Domain-0 (0)', 'OKAY'],
      ['INTERFACE_STATUS', 'demo (1)', 'OKAY'],
      ['CONNECT', 'Domain-0 (0)', undefined],
    ]);
  });

  test('is drawn with a lifeline for each domain', () => {
    const lines = sequenceDiagram(stepsOf(records), 80).map((line) => line.replace(/^\d\d:\d\d:\d\d/, '--------'));
    expect(lines).toEqual([
      '         xend                 Domain-0 (0)                 demo (1)',
      '-------- |-------- CREATE --------->|                          | OKAY',
      '-------- |---------- INTERFACE_STATUS DISCONNECTED ----------->| OKAY',
      '-------- |-------- CONNECT -------->|                          | ...',
    ]);
    const console = stepsOf([{ ...records[1]!, text: 'CONSOLE_BE CREATE(domid=1) to Domain-0 (0)' }]);
    const mixed = sequenceDiagram([...stepsOf(records).slice(0, 1), ...console], 60);
    expect(mixed.map((line) => line.replace(/^\d\d:\d\d:\d\d/, '--------'))).toEqual([
      '                 xend                 Domain-0 (0)',
      '-------- vbd     |-------- CREATE --------->| OKAY',
      '-------- console |-------- CREATE --------->| ...',
    ]);
    const [appeared] = endpointSteps(later.events!);
    expect(sequenceDiagram([appeared!], 60)[1]).toMatch(/^\S+ \|<-+ appear -+\| peer 2$/);
    expect(sequenceDiagram([], 80)).toEqual(['none is known']);
    for (const line of sequenceDiagram(stepsOf(records), 20)) expect(line.length).toBeLessThanOrEqual(20);
  });
});

test('the speed of the processors is left out where the system does not tell it', () => {
  const machine = (mhz: number) => summaryLines(sample(undefined, { stats: { ...stats([], []), mhz } }), '')[2];
  expect(machine(2400)).toMatch(/CPUs: 2 @ 2400MHz$/);
  expect(machine(0)).toMatch(/CPUs: 2$/);
});
