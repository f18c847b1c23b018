// SPDX-License-Identifier: Apache-2.0
import type { SaveHooks } from '../../contract.ts';
import type { ShellState } from './command.ts';
import type { Terminal, Typed } from './terminal.ts';
import type { Turn } from './turn.ts';

/** All that a shell is saved with. */
export interface SavedShell {
  readonly version: 1;
  readonly state: ShellState;
  readonly typed: Typed;
}

/** @throws Error when another version of the shell, or another kernel, was saved */
export function readSaved(restored: unknown): SavedShell | undefined {
  if (restored === undefined) return undefined;
  if (Object(restored).version === 1) return restored as SavedShell;
  throw new Error('what this domain was saved with is not of this shell');
}

/** The shell at rest: the command that runs comes to its end, those that follow it on the line are saved. */
export function saveHooks(state: ShellState, terminal: Terminal, turn: Turn): SaveHooks {
  let resting: Promise<() => void> | undefined;
  return {
    async save(): Promise<SavedShell> {
      resting = turn.take();
      await resting;
      return { version: 1, state, typed: terminal.typed };
    },
    resume() {
      // Also if the command that runs is waited for still.
      void resting?.then((goOn) => goOn());
      resting = undefined;
    },
  };
}
