// SPDX-License-Identifier: Apache-2.0
import { Terminal as Screen } from '@xterm/headless';
import { describe, expect, test } from 'vitest';
import { widthOf } from '../../../../../src/domain/kernels/shell/display.ts';
import { type Complete, newEditor, press } from '../../../../../src/domain/kernels/shell/editor.ts';
import { createKeyDecoder } from '../../../../../src/domain/kernels/shell/keys.ts';

const LEFT = '\x1b[D';
const UP = '\x1b[A';
const DOWN = '\x1b[B';
const noCandidates: Complete = () => ({ candidates: [], typed: '' });

/** Types and looks at what a terminal of 40 columns shows: rows without blanks at their ends, and the cursor as `|`. */
async function typed(
  input: string,
  complete = noCandidates,
): Promise<{ rows: string[]; entered: string[]; sent: string }> {
  const screen = new Screen({ cols: 40, rows: 10, allowProposedApi: true });
  const entered: string[] = [];
  let state = newEditor('$ ');
  let sent = '$ ';
  for (const key of createKeyDecoder()(new TextEncoder().encode(input))) {
    const step = press(state, key, complete);
    state = step.state;
    sent += step.screen;
    if (step.entered === undefined) continue;
    entered.push(step.entered);
    sent += '$ ';
  }
  await new Promise<void>((resolve) => screen.write(sent, resolve));
  const buffer = screen.buffer.active;
  const rows = Array.from({ length: buffer.cursorY + 1 }, (_, y) => {
    const line = buffer.getLine(y)!;
    if (y < buffer.cursorY) return line.translateToString(true);
    return `${line.translateToString(false, 0, buffer.cursorX)}|${line.translateToString(true, buffer.cursorX)}`;
  });
  screen.dispose();
  return { rows, entered, sent };
}

describe('a line on the screen', () => {
  test.each<[name: string, input: string, rows: string[]]>([
    ['typing', 'hello', ['$ hello|']],
    ['inserting', `held${LEFT}l`, ['$ hell|d']],
    ['typing between others', `ac${LEFT}b\x05d`, ['$ abcd|']],
    ['backspace at the end', 'abc\x7f', ['$ ab|']],
    ['backspace in the middle', `abc${LEFT}\x7f`, ['$ a|c']],
    ['backspace at the beginning', 'abc\x01\x7f', ['$ |abc']],
    ['delete', 'abc\x01\x04', ['$ |bc']],
    ['delete at the end', 'abc\x04', ['$ abc|']],
    ['left and right beyond the ends', `ab${LEFT.repeat(5)}x\x06\x06\x06y`, ['$ xaby|']],
    ['home and end', 'bc\x01a\x05d', ['$ abcd|']],
    ['Ctrl-U', `abcd${LEFT}\x15`, ['$ |d']],
    ['Ctrl-K', `abcd${LEFT}${LEFT}\x0b`, ['$ ab|']],
    ['Ctrl-W', 'read xvda  \x17', ['$ read |']],
    ['Ctrl-W in the middle', `read xvda 5${LEFT}\x17`, ['$ read |5']],
    ['wide characters', `你好吗${LEFT}\x7f`, ['$ 你|吗']],
    ['wide characters, inserting before', '你好\x01x', ['$ x|你好']],
    ['combining characters', `e\u0301x${LEFT}y`, ['$ e\u0301y|x']],
    ['Ctrl-L', 'one\rtwo\x0c', ['$ two|']],
    ['Ctrl-C', 'half\x03', ['$ half^C', '$ |']],
  ])('%s', async (_name, input, rows) => {
    expect((await typed(input)).rows).toEqual(rows);
  });

  test('a line is entered whole wherever the cursor is', async () => {
    const { rows, entered } = await typed(`ls xvda${LEFT}${LEFT}\rx`);
    expect(entered).toEqual(['ls xvda']);
    expect(rows).toEqual(['$ ls xvda', '$ x|']);
  });

  test('an emoji is two columns wide', () => {
    expect(widthOf(['a', '😀', 'é'])).toBe(4);
  });

  test('what is typed at the end is sent once, and nothing else', async () => {
    expect((await typed('ls\r')).sent).toBe('$ ls\r\n$ ');
  });

  test('a line that is too long is not run', async () => {
    const { entered, sent } = await typed(`${'x'.repeat(16_385)}\rls\r`);
    expect(entered).toEqual(['ls']);
    expect(sent).toContain('Error: The line is longer than 16384 characters.\r\n$ ls');
  });
});

describe('history', () => {
  test.each<[name: string, input: string, rows: string[]]>([
    ['the last line', `one\rtwo\r${UP}`, ['$ one', '$ two', '$ two|']],
    ['the one before', `one\rtwo\r${UP}${UP}`, ['$ one', '$ two', '$ one|']],
    ['no further', `one\r${UP}${UP}${UP}`, ['$ one', '$ one|']],
    ['back to what was being typed', `one\rdraft${UP}${DOWN}`, ['$ one', '$ draft|']],
    ['no further down', `one\rdraft${DOWN}`, ['$ one', '$ draft|']],
    ['changed', `one\r${UP}x`, ['$ one', '$ onex|']],
    ['blank lines are not kept', `one\r  \r${UP}`, ['$ one', '$   ', '$ one|']],
    ['nor the same again', `one\rone\r${UP}${UP}`, ['$ one', '$ one', '$ one|']],
    ['nor what was given up', `one\rtwo\x03${UP}`, ['$ one', '$ two^C', '$ one|']],
  ])('%s', async (_name, input, rows) => {
    expect((await typed(input)).rows).toEqual(rows);
  });

  test('a line from history runs as it stands', async () => {
    expect((await typed(`one\rtwo\r${UP}${UP}!\r`)).entered).toEqual(['one', 'two', 'one!']);
  });

  test('keeps a hundred lines', async () => {
    const lines = Array.from({ length: 105 }, (_, i) => `line${i}\r`).join('');
    expect((await typed(`${lines}${UP.repeat(200)}\r`)).entered.at(-1)).toBe('line5');
  });
});

describe('completion', () => {
  const words = ['read', 'reboot', 'sum'];
  const complete: Complete = (before) => {
    const [word] = /\S*$/.exec(before)!;
    return { candidates: words.filter((known) => known.startsWith(word)), typed: word };
  };

  test.each<[name: string, input: string, rows: string[]]>([
    ['of the only word', 's\t', ['$ sum |']],
    ['up to where words differ', 'r\t', ['$ re|']],
    ['of none', 'x\t', ['$ x|']],
    ['of the word at the cursor', `s x${LEFT}${LEFT}\t`, ['$ sum | x']],
    ['lists what is possible', 're\t', ['$ re', 'read  reboot', '$ re|']],
    ['goes on after the list', 're\ta\t', ['$ re', 'read  reboot', '$ read |']],
  ])('%s', async (_name, input, rows) => {
    expect((await typed(input, complete)).rows).toEqual(rows);
  });
});
