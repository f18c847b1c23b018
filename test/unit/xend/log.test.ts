// SPDX-License-Identifier: Apache-2.0
import { appendFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type Log, type LogOptions, openLog } from '../../../src/xend/log.ts';
import { formatRecord, parseRecord } from '../../../src/xend/log-line.ts';

let directory: string;
let path: string;
/** What the log takes for now. */
let time: number;

beforeEach(() => {
  directory = mkdtempSync('/tmp/xl-');
  path = join(directory, 'xend.log');
  time = new Date(2026, 10, 21, 7, 20, 24).getTime();
});
afterEach(() => {
  vi.useRealTimers();
  rmSync(directory, { recursive: true });
});

const open = (options: LogOptions = {}): Log => openLog(path, { now: () => time, ...options });
const texts = (lines: readonly string[]) => lines.map((line) => parseRecord(line)?.text ?? `(none) ${line}`);
const fill = (log: Log, from: number, to: number) => {
  for (let line = from; line < to; line++) log.write('DEBUG', `line ${line}`);
};

describe('a line', () => {
  test('has the form that it always had, with the source line of its writer', () => {
    open().write('INFO', 'Domain web (id=1) is started');
    expect(readFileSync(path, 'utf8')).toMatch(
      /^\[2026-11-21 07:20:24 \d+\] INFO \(log\.test:\d+\) Domain web \(id=1\) is started\n$/,
    );
  });

  test('is read back as it was meant', () => {
    const record = { time, pid: 15, level: 'ERROR', source: 'a:1', text: 'one\ntwo [x] (y:1) INFO' } as const;
    expect(parseRecord(formatRecord(record))).toEqual(record);
  });

  test.each([
    '',
    'text',
    '[2026-11-21 07:20:24 15] LOUD (a:1) text',
    '[2026-11-21 07:20 15] INFO (a:1) text',
    '\tat x',
  ])('%j is none', (line) => {
    expect(parseRecord(line)).toBeUndefined();
  });

  test('of a domain that forges lines and drives terminals stays one record, and harmless', () => {
    const log = open();
    log.write('ERROR', 'crash: \x1b[2J\r\n[2026-11-21 07:20:24 1] CRITICAL (a:1) forged\u009b31m');
    const [line = '', ...more] = log.read({});
    expect(more).toEqual([]);
    expect(line).not.toMatch(/[\x00-\x08\x0b-\x1f\x7f-\x9f]/);
    expect(line).toContain('crash: \\x1b[2J\\x0d\n\t[2026-11-21 07:20:24 1] CRITICAL (a:1) forged\\x9b31m');
  });

  test('is of bounded length', () => {
    const log = open();
    log.write('ERROR', 'x'.repeat(1e6));
    expect(log.read({})[0]).toMatch(/x\.\.\. \(991808 more characters\)$/);
  });
});

describe('reading', () => {
  test('takes the last lines, from then, until then, of a level and of a domain', () => {
    const log = open();
    log.write('DEBUG', 'VBD_FE INTERFACE_STATUS(handle=1) to web (3)');
    time += 10_000;
    log.write('WARNING', "Domain 'web' is gone");
    log.write('INFO', 'Domain website (id=33) is started');
    time += 10_000;
    log.write('ERROR', 'VBD_BE CREATE(domid=3, handle=51728) to Domain-0 (0)');
    const read = (range: Parameters<Log['read']>[0]) => texts(log.read(range)).map((text) => text.slice(0, 11));
    expect(read({ lines: 1 })).toEqual(['VBD_BE CREA']);
    expect(read({ lines: 0 })).toEqual([]);
    expect(read({ since: time - 10_000 })).toEqual(["Domain 'web", 'Domain webs', 'VBD_BE CREA']);
    expect(read({ until: time - 10_000 })).toEqual(['VBD_FE INTE', "Domain 'web", 'Domain webs']);
    expect(read({ since: time - 10_000, lines: 1, until: time - 10_000 })).toEqual(['Domain webs']);
    expect(read({ level: 'WARNING' })).toEqual(["Domain 'web", 'VBD_BE CREA']);
    expect(read({ domains: [{ name: 'web' }] })).toEqual(['VBD_FE INTE', "Domain 'web"]);
    expect(read({ domains: [{ name: 'web', domid: 3 }] })).toEqual(['VBD_FE INTE', "Domain 'web", 'VBD_BE CREA']);
    expect(read({ domains: [{ name: 'Domain-0' }, { name: 'website' }] })).toEqual(['Domain webs', 'VBD_BE CREA']);
    expect(read({ domains: [{ name: '.*' }] })).toEqual([]);
  });

  test('takes the number of a domain for nothing in lines of another xend', () => {
    writeFileSync(path, formatRecord({ time, pid: 1, level: 'INFO', source: 'a:1', text: 'Domain old (id=3)' }));
    expect(open().read({ domains: [{ name: 'web', domid: 3 }] })).toEqual([]);
  });

  test('goes on across what is no record, which counts to the record before it', () => {
    const log = open();
    log.write('INFO', 'first');
    appendFileSync(path, Buffer.from([0xff, 0, 7, 10, 10, 0xc3, 27, 91, 10]));
    time += 5000;
    log.write('ERROR', 'second');
    const [first, garbage, , second] = log.read({});
    expect(texts([first!, second!])).toEqual(['first', 'second']);
    expect(garbage).toBe('\ufffd\\x00\\x07');
    expect(texts(log.read({ since: time }))).toEqual(['second']);
    expect(log.read({ until: time - 2000 })).toHaveLength(3);
  });

  test('takes a file of any size, from its end', () => {
    writeFileSync(path, 'garbage without an end '.repeat(10_000));
    const log = open({ rotateAt: 1000 });
    log.write('INFO', 'last');
    expect(texts(log.read({ lines: 1 }))).toEqual(['last']);
    expect(log.read({}).join('').length).toBeLessThan(4000);
  });
});

describe('rotation', () => {
  const small = { rotateAt: 2000, keep: 3 };

  test('keeps so many files of that size, and reads across them', () => {
    const log = open(small);
    fill(log, 0, 1000);
    expect(readdirSync(directory).sort()).toEqual(['xend.log', 'xend.log.1', 'xend.log.2', 'xend.log.3']);
    for (const name of readdirSync(directory)) {
      expect(readFileSync(join(directory, name)).length).toBeLessThan(2100);
    }
    const lines = texts(log.read({}));
    expect(lines.length).toBeGreaterThan(80);
    expect(lines).toEqual(Array.from(lines, (_, at) => `line ${1000 - lines.length + at}`));
    expect(texts(log.read({ lines: 50 }))).toEqual(lines.slice(-50));
  });

  test('loses no line of those who follow', () => {
    const log = open(small);
    const seen: string[] = [];
    const stop = log.follow({}, (line) => seen.push(line));
    fill(log, 0, 200);
    stop();
    fill(log, 200, 210);
    expect(texts(seen)).toEqual(Array.from({ length: 200 }, (_, at) => `line ${at}`));
  });

  test('a file that is removed or emptied is begun anew, at once with its full size', () => {
    const log = open(small);
    fill(log, 0, 20);
    rmSync(path);
    fill(log, 20, 25);
    writeFileSync(path, '');
    fill(log, 25, 35);
    expect(texts(log.read({}))).toEqual(Array.from({ length: 10 }, (_, at) => `line ${25 + at}`));
    expect(existsSync(`${path}.1`)).toBe(false);
  });

  test('an old file that is gone is no end', () => {
    const log = open(small);
    fill(log, 0, 150);
    rmSync(`${path}.1`);
    expect(texts(log.read({}))[0]).toBe(texts(readFileSync(`${path}.3`, 'utf8').trimEnd().split('\n'))[0]);
  });
});

test('a line that was cut when the last xend was killed does not take the next one along', () => {
  writeFileSync(path, '[2026-11-21 07:20:24 1] INFO (a:1) whole\n[2026-11-21 07:20:24 1] INFO (a:1) cu');
  const log = open();
  log.write('INFO', 'next');
  expect(texts(log.read({}))).toEqual(['whole', 'cu', 'next']);
});

test('a log that cannot be written stops nobody, and says later how much is missing', () => {
  const log = open();
  const seen: string[] = [];
  log.follow({ level: 'WARNING' }, (line) => seen.push(line));
  rmSync(directory, { recursive: true });
  log.write('INFO', 'lost');
  log.write('ERROR', 'lost too');
  expect(texts(seen)).toEqual(['lost too']);
  openLog(path);
  log.write('INFO', 'here');
  expect(texts(log.read({}))).toEqual(['2 lines could not be written', 'here']);
});

describe('lines about one domain', () => {
  const quota = { lines: 3, span: 1000 };

  test('are limited in each span, and counted beyond, also if nothing more comes', () => {
    vi.useFakeTimers();
    const log = open({ quota });
    const loud = log.about(() => 'loud (1)');
    const other = log.about(() => 'other (2)');
    for (let line = 0; line < 10; line++) loud.write('DEBUG', `line ${line}`);
    other.write('DEBUG', 'well');
    expect(texts(log.read({}))).toEqual(['line 0', 'line 1', 'line 2', 'well']);
    vi.advanceTimersByTime(1000);
    expect(texts(log.read({ lines: 1 }))).toEqual(['7 lines about domain loud (1) suppressed']);
    loud.write('DEBUG', 'again');
    expect(texts(log.read({ lines: 1 }))).toEqual(['again']);
    vi.advanceTimersByTime(10_000);
    expect(texts(log.read({ lines: 1 }))).toEqual(['again']);
    expect(log.counts()).toMatchObject({ suppressed: 7, written: { DEBUG: 5, WARNING: 1 } });
  });

  test('name the source line that wrote them', () => {
    const log = open({ quota });
    log.about(() => 'loud (1)').write('INFO', 'here');
    expect(parseRecord(log.read({})[0]!)?.source).toMatch(/^log\.test:\d+$/);
  });

  test('come again after the clock was set back', () => {
    vi.useFakeTimers();
    const log = open({ quota });
    const loud = log.about(() => 'loud (1)');
    for (let line = 0; line < 5; line++) loud.write('DEBUG', 'x');
    vi.setSystemTime(Date.now() - 1e9);
    loud.write('DEBUG', 'again');
    expect(texts(log.read({ lines: 2 }))).toEqual(['2 lines about domain loud (1) suppressed', 'again']);
  });
});
