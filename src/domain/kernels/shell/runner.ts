// SPDX-License-Identifier: Apache-2.0
import { messageOf, XmError } from '../../../errors.ts';
import type { Domain } from '../../contract.ts';
import type { Command, CommandContext, Outcome, ShellState } from './command.ts';
import { findCommand } from './commands/index.ts';
import { expand, parseLine, type Word } from './syntax.ts';
import { withGrace } from './waits.ts';

/** Time for what a stopped command has begun, in milliseconds: writes that are under way end before the next command. */
const GRACE = 1000;

/**
 * Runs the commands of a line until one of them ends the domain, or until `interruption` aborts. Errors are printed.
 *
 * @returns how the domain ends, if it does
 */
export type RunLine = (line: string, interruption: AbortSignal) => Promise<Outcome | undefined>;

/** @param write prints text as it is */
export function createRunner(domain: Domain, state: ShellState, write: (text: string) => void): RunLine {
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

  return async (line, interruption) => {
    const signal = AbortSignal.any([interruption, domain.signal]);
    try {
      for (const words of parseLine(line)) {
        if (signal.aborted) break;
        const outcome = await runCommand(words, signal);
        if (outcome !== undefined) return outcome;
      }
    } catch (error) {
      write(explain(error));
    }
    return undefined;
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
