// SPDX-License-Identifier: Apache-2.0
import { PassThrough, Writable } from 'node:stream';
import xterm from '@xterm/headless';

/** A terminal emulator with `$ xm top` on its screen, and the streams of a program that runs in it. */
export function openEmulator(columns: number, rows: number) {
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
  const text = () => {
    const buffer = emulator.buffer.active;
    const lines = Array.from(
      { length: emulator.rows },
      (_, row) => buffer.getLine(buffer.baseY + row)?.translateToString(true) ?? '',
    );
    return lines.join('\n').trimEnd();
  };
  const resize = (newColumns: number, newRows: number) => {
    emulator.resize(newColumns, newRows);
    Object.assign(stdout, { columns: newColumns, rows: newRows }).emit('resize');
  };
  /** Presses the left button where `found` is on the screen. */
  const click = (found: string) => {
    const lines = text().split('\n');
    const row = lines.findIndex((line) => line.includes(found));
    const column = lines[row]?.indexOf(found) ?? -1;
    stdin.write(`\x1b[<0;${column + 1};${row + 1}M\x1b[<0;${column + 1};${row + 1}m`);
  };
  return { emulator, stdout, stdin, modes, text, resize, click };
}
