// SPDX-License-Identifier: Apache-2.0
import type { DomainConsole } from '../../src/domain/contract.ts';

/** A console in memory, and the hands and eyes of who sits at it. */
export interface TestConsole {
  /** The domain's end. */
  readonly console: DomainConsole;
  /** Types text or bytes, as one piece. */
  type(data: string | Uint8Array): void;
  /** Everything that was written so far. */
  readonly output: string;
  /** Waits until `text` is written after what was read before. @returns everything up to it and with it */
  readUntil(text: string): Promise<string>;
  /** From now on nothing that is written counts as taken, until it is called with false. */
  stall(on: boolean): void;
  /** Whether the domain listens. */
  readonly listening: boolean;
}

/** Makes a console in memory. */
export function createTestConsole(): TestConsole {
  const decoder = new TextDecoder();
  let output = '';
  let read = 0;
  let kept: Uint8Array[] = [];
  let listener: ((data: Uint8Array) => void) | undefined;
  let stalled = false;
  const waiting = new Set<() => void>();
  const wake = () => {
    for (const look of waiting) look();
  };

  /** Resolves when `look` gives something. */
  function when<T>(look: () => T | undefined): Promise<T> {
    return new Promise((resolve) => {
      const check = () => {
        const found = look();
        if (found === undefined) return;
        waiting.delete(check);
        resolve(found);
      };
      waiting.add(check);
      check();
    });
  }

  return {
    console: {
      write(data) {
        output += typeof data === 'string' ? data : decoder.decode(data, { stream: true });
        wake();
      },
      onData(next) {
        listener = next;
        while (listener !== undefined && kept.length > 0) listener(kept.shift()!);
      },
      drained: () => when(() => (stalled ? undefined : true)).then(() => {}),
    },
    type(data) {
      const bytes = typeof data === 'string' ? new TextEncoder().encode(data) : data;
      if (listener === undefined) kept = [...kept, bytes];
      else listener(bytes);
    },
    get output() {
      return output;
    },
    readUntil: (text) =>
      when(() => {
        const at = output.indexOf(text, read);
        if (at < 0) return undefined;
        const found = output.slice(read, at + text.length);
        read = at + text.length;
        return found;
      }),
    stall(on) {
      stalled = on;
      wake();
    },
    get listening() {
      return listener !== undefined;
    },
  };
}
