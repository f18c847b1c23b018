// SPDX-License-Identifier: Apache-2.0
import { messageOf, XmError } from '../../../errors.ts';
import type { Domain } from '../../contract.ts';
import type { Command, CommandContext, Outcome, ShellState } from './command.ts';
import { findCommand } from './commands/index.ts';
import { expand, parseLine, type Word } from './syntax.ts';
import { withGrace } from './waits.ts';

/** Time for what a stopped command has begun, in milliseconds: writes that are under way end before the next command. */
const GRACE = 1000;

/** Runs lines, one at a time. */
export interface Runner {
  /** Runs the commands of a line until one ends the domain. Errors are printed. */
  run(line: string): Promise<Outcome | undefined>;
  /** Ends the command that runs, and the rest of its line. */
  interrupt(): void;
}

/** @param write prints text as it is */
export function createRunner(domain: Domain, state: ShellState, write: (text: string) => void): Runner {
  const started = performance.now();
  let interruption = new AbortController();

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

  return {
    async run(line) {
      interruption = new AbortController();
      const signal = AbortSignal.any([interruption.signal, domain.signal]);
      try {
        for (const words of parseLine(line)) {
          const outcome = await runCommand(words, signal);
          if (outcome !== undefined || signal.aborted) return outcome;
        }
      } catch (error) {
        write(explain(error));
      }
      return undefined;
    },
    interrupt: () => interruption.abort(),
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
