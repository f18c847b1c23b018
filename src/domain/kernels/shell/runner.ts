// SPDX-License-Identifier: Apache-2.0
import { messageOf, XmError } from '../../../errors.ts';
import type { Domain } from '../../contract.ts';
import type { Command, CommandContext, Outcome, ShellState } from './command.ts';
import { findCommand } from './commands/index.ts';
import { expand, parseLine, type Word } from './syntax.ts';
import type { Turn } from './turn.ts';
import { withGrace } from './waits.ts';

/** Time for what a stopped command has begun, in milliseconds: writes that are under way end before the next command. */
const GRACE = 1000;

/** Both run commands until one of them ends the domain, or until `interruption` aborts. Errors are printed. */
export interface Runner {
  /** Runs those of a line. @returns how the domain ends, if it does */
  runLine(line: string, interruption: AbortSignal): Promise<Outcome | undefined>;
  /** Runs what is left of a line. */
  runRest(interruption: AbortSignal): Promise<Outcome | undefined>;
}

/**
 * @param turn is had by the command that runs
 * @param write prints text as it is
 */
export function createRunner(domain: Domain, state: ShellState, turn: Turn, write: (text: string) => void): Runner {
  const started = performance.now();

  async function runCommand(words: readonly Word[], signal: AbortSignal): Promise<Outcome | undefined> {
    const [name, ...args] = words.map((word) => expand(word, state.variables));
    let command: Command | undefined;
    let status = '1';
    try {
      command = findCommand(name!);
      const context: CommandContext = { domain, state, started, signal, write, print: (line) => write(`${line}\n`) };
      const work = Promise.try(() => command!.run(context, args));
      const outcome = await withGrace(work, signal, GRACE, stuck);
      status = '0';
      return outcome ?? undefined;
    } catch (error) {
      const expected = signal.aborted && !(error instanceof XmError && error.code === 'ESTUCK');
      if (!expected) write(explain(error, command));
      return undefined;
    } finally {
      state.variables.set('?', status);
    }
  }

  async function runRest(interruption: AbortSignal): Promise<Outcome | undefined> {
    const signal = AbortSignal.any([interruption, domain.signal]);
    while (state.rest.length > 0 && !signal.aborted) {
      const done = await turn.take();
      try {
        const words = signal.aborted ? undefined : state.rest.shift();
        const outcome = words && (await runCommand(words, signal));
        if (outcome !== undefined) return outcome;
      } finally {
        done();
      }
    }
    state.rest = [];
    return undefined;
  }

  return {
    runRest,
    async runLine(line, interruption) {
      try {
        state.rest = [...parseLine(line)];
      } catch (error) {
        write(explain(error));
      }
      return runRest(interruption);
    },
  };
}

function stuck(): XmError {
  return new XmError('ESTUCK', 'The command does not stop; requests that it has begun may still be carried out.');
}

function explain(error: unknown, command?: Command): string {
  const usage = error instanceof XmError && error.code === 'EUSAGE' ? `Usage: ${command?.usage}` : undefined;
  const hint = error instanceof XmError ? error.hint : undefined;
  return [`Error: ${messageOf(error)}`, usage, hint]
    .filter((line) => line !== undefined)
    .join('\n')
    .concat('\n');
}
