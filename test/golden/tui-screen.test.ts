// SPDX-License-Identifier: Apache-2.0
import { PassThrough, Writable } from 'node:stream';
import xterm from '@xterm/headless';
import { afterEach, describe, expect, test } from 'vitest';
import { openScreen } from '../../src/tui/app.tsx';
import type { Stats } from '../../src/xend/contract.ts';
import { after, before } from '../unit/tui/stats.ts';

/** A terminal emulator with `$ xm top` on its screen, and the streams of a program that runs in it. */
function terminal(columns: number, rows: number) {
  const emulator = new xterm.Terminal({ cols: columns, rows, allowProposedApi: true, convertEol: true });
  emulator.write('$ xm top\n');
  const stdout = Object.assign(
    new Writable({
      write: (chunk, _encoding, done) => emulator.write(chunk, done),
    }),
    { columns, rows, isTTY: true },
  );
  const modes: boolean[] = [];
  const stdin = Object.assign(new PassThrough(), {
    isTTY: true,
    setRawMode: (raw: boolean) => modes.push(raw),
    ref() {},
    unref() {},
  });
  const lines = () => {
    const buffer = emulator.buffer.active;
    return Array.from(
      { length: emulator.rows },
      (_, row) => buffer.getLine(buffer.baseY + row)?.translateToString(true) ?? '',
    );
  };
  const text = () => lines().join('\n').trimEnd();
  const resize = (newColumns: number, newRows: number) => {
    emulator.resize(newColumns, newRows);
    Object.assign(stdout, { columns: newColumns, rows: newRows }).emit('resize');
  };
  return { emulator, stdout, stdin, modes, text, resize };
}

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

function start(columns: number, rows: number) {
  const screen = terminal(columns, rows);
  const readings = [before, after];
  const fetch = async () => readings.shift() ?? new Promise<Stats>(() => {});
  const { stdin, stdout } = screen;
  const done = openScreen({ fetch, delay: 0.1 }, { stdin: stdin as never, stdout: stdout as never, interactive: true });
  closing.push(async () => {
    stdin.write('q');
    await done;
  });
  return { ...screen, done };
}

describe('full screen', () => {
  test('80x24, rings of the selected domain', async () => {
    const screen = start(80, 24);
    await expect.poll(screen.text).toContain('50.0');
    screen.stdin.write('jp');
    await expect.poll(screen.text).toContain('PAUSED');
    expect(screen.text()).toBe(
      [
        'xm top - 09:05:09   PAUSED, by ID',
        '2 domains: 1 running, 1 blocked, 0 paused, 0 crashed, 0 dying, 0 shutdown',
        'Mem: 1048576k total, 262144k used, 786432k free    CPUs: 2 @ 2400MHz',
        '        NAME  STATE   CPU(sec) CPU(%)     MEM(k) VBDS   VBD_RD   VBD_WR',
        '    Domain-0 -----r        101   50.0       8192    0        0        0',
        '>       demo --b---         10    0.0       8192    1      900      100',
        '',
        'Rings of demo',
        '  DEVICE     DIRECTION      USED/SIZE FILL             REQ/s     MB/s SAVED(%)',
        '  xvda       front>back          8/32 [###.......]       200        -     90.0',
        '  console    out               0/2048 [..........]         -     2.50        -',
        ...Array<string>(11).fill(''),
        'Q quit  J K select  S sort  D delay  P pause  ? help',
      ].join('\n'),
    );
  });

  test('40x12: fewer columns, the same program', async () => {
    const screen = start(40, 12);
    await expect.poll(screen.text).toContain('50.0');
    screen.stdin.write('jp');
    await expect.poll(screen.text).toContain('PAUSED');
    expect(screen.text()).toBe(
      [
        'xm top - 09:05:09   PAUSED, by ID',
        '2 domains: 1 running, 1 blocked, 0 pause',
        'Mem: 1048576k total, 262144k used, 78643',
        '        NAME  STATE CPU(%)     MEM(k)',
        '    Domain-0 -----r   50.0       8192',
        '>       demo --b---    0.0       8192',
        '',
        'Rings of demo (1 of 2)',
        '  DEVICE     DIRECTION      USED/SIZE',
        '  xvda       front>back          8/32',
        'Q quit  J K select  S sort  D delay  P p',
      ].join('\n'),
    );
  });

  test('a terminal that changes its size', async () => {
    const screen = start(40, 12);
    await expect.poll(screen.text).toContain('50.0');
    expect(screen.text()).not.toContain('VBD_WSECT');
    screen.resize(170, 30);
    await expect.poll(screen.text).toContain('VBD_WSECT');
    screen.resize(30, 6);
    await expect
      .poll(screen.text)
      .toMatch(/^xm top[^\n]*\n +NAME {2}STATE CPU\(%\)\n> +Domain-0 [^\n]*\n +demo [^\n]*\nQ quit/);
  });

  test('after q the terminal is as it was before', async () => {
    const screen = start(80, 24);
    await expect.poll(screen.text).toContain('Domain-0');
    expect(screen.emulator.buffer.active.type).toBe('alternate');
    expect(screen.modes.at(-1)).toBe(true);
    screen.stdin.write('q');
    await screen.done;
    await expect.poll(() => screen.emulator.buffer.active.type).toBe('normal');
    expect(screen.text()).toBe('$ xm top');
    expect(screen.modes.at(-1)).toBe(false);
  });
});
