// SPDX-License-Identifier: Apache-2.0
import { PassThrough } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import { type MouseEvent, splitMouse } from './mouse.ts';

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
      source.off('data', take);
      source.pause();
    },
  };

  function take(chunk: Buffer): void {
    const split = splitMouse(rest + decoder.write(chunk));
    rest = split.rest;
    if (split.keys !== '') keys.write(split.keys);
    for (const event of split.events) input.onMouse(event);
  }

  source.on('data', take);
  return input;
}
