// SPDX-License-Identifier: Apache-2.0
import { PassThrough } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import { type MouseEvent, splitMouse } from './mouse.ts';

/** How long the rest of what an escape began may be on its way over a slow line, milliseconds; Esc itself is that late. */
const ESCAPE_TIME = 100;

/** A terminal's input without the mouse's reports, in the form that Ink wants. */
export interface TerminalInput {
  readonly stdin: NodeJS.ReadStream;
  /** Called for each thing that the mouse does; one listener at a time. */
  onMouse: (event: MouseEvent) => void;
  close(): void;
}

/** Ink knows no mouse and drops its reports: they are taken out before it. */
export function splitTerminal(source: NodeJS.ReadStream): TerminalInput {
  const decoder = new StringDecoder('utf8');
  const keys = new PassThrough();
  let rest = '';
  let late: NodeJS.Timeout | undefined;
  const stdin = Object.assign(keys, {
    isTTY: true,
    setRawMode(raw: boolean) {
      source.setRawMode(raw);
      return stdin;
    },
    ref: () => source.ref(),
    unref: () => source.unref(),
  }) as unknown as NodeJS.ReadStream;
  const input: TerminalInput = {
    stdin,
    onMouse: () => {},
    close() {
      clearTimeout(late);
      source.off('data', take);
      source.pause();
    },
  };

  function take(chunk: Buffer): void {
    clearTimeout(late);
    const split = splitMouse(rest + decoder.write(chunk));
    rest = split.rest;
    if (split.keys !== '') keys.write(split.keys);
    for (const event of split.events) input.onMouse(event);
    if (rest !== '') late = setTimeout(flush, ESCAPE_TIME);
  }

  function flush(): void {
    keys.write(rest);
    rest = '';
  }

  source.on('data', take);
  return input;
}
