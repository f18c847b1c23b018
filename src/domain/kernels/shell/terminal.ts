// SPDX-License-Identifier: Apache-2.0
import type { DomainConsole } from '../../contract.ts';
import { redraw } from './display.ts';
import { type Complete, type EditorState, newEditor, press } from './editor.ts';
import { createKeyDecoder, type Key } from './keys.ts';

/** Keys typed ahead before the console is asked to wait. */
const MOST_AHEAD = 1024;

/** What was typed and not yet used: plain values. */
export interface Typed {
  /** The line being typed, and those before it. */
  readonly editor: EditorState;
  readonly ahead: readonly Key[];
}

/** The lines typed at a console. */
export interface Terminal {
  /** What was typed so far, to open another terminal with. */
  readonly typed: Typed;
  /** Aborts when Ctrl-C is typed while no line is awaited, so while a command runs; a new one with each line. */
  readonly interruption: AbortSignal;
  /** Shows the prompt and what is on the line already, and resolves with the next line that is typed, or was typed ahead. Not while another is awaited. */
  readLine(): Promise<string>;
  /** Stops listening. */
  close(): void;
}

/**
 * Listens to a console, with line editing.
 *
 * @param prompt stands before each line
 * @param complete answers the tab key
 * @param typed at a terminal before
 */
export function openTerminal(
  console: DomainConsole,
  prompt: string,
  complete: Complete,
  typed?: Typed | undefined,
): Terminal {
  const decode = createKeyDecoder();
  let state: EditorState = { ...(typed?.editor ?? newEditor(prompt)), prompt };
  let ahead: Key[] = [...(typed?.ahead ?? [])];
  let interruption = new AbortController();
  let awaited: ((line: string) => void) | undefined;

  function receive(bytes: Uint8Array): void {
    for (const key of decode(bytes)) {
      if (awaited === undefined && 'name' in key && key.name === 'interrupt') interrupt();
      else ahead.push(key);
      handleKeys();
    }
    // The console keeps what comes now. Ctrl-C must wait as well then, but nothing is lost and nothing grows.
    if (ahead.length > MOST_AHEAD) console.onData(undefined);
  }

  function interrupt(): void {
    // As at any terminal, what was typed ahead is void.
    ahead = [];
    console.write('^C\r\n');
    interruption.abort();
  }

  function handleKeys(): void {
    while (awaited !== undefined && ahead.length > 0) {
      const step = press(state, ahead.shift()!, complete);
      state = step.state;
      if (step.screen !== '') console.write(step.screen);
      if (step.entered === undefined) continue;
      const resolve = awaited;
      awaited = undefined;
      resolve(step.entered);
    }
  }

  console.onData(receive);
  return {
    get interruption() {
      return interruption.signal;
    },
    get typed() {
      return { editor: state, ahead };
    },
    readLine() {
      interruption = new AbortController();
      console.write(prompt + redraw({ chars: [], cursor: 0 }, state));
      return new Promise((resolve) => {
        awaited = resolve;
        const full = ahead.length > MOST_AHEAD;
        handleKeys();
        if (full && ahead.length <= MOST_AHEAD) console.onData(receive);
      });
    },
    close: () => console.onData(undefined),
  };
}
