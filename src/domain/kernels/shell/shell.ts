// SPDX-License-Identifier: Apache-2.0
import { messageOf } from '../../../errors.ts';
import type { Domain, ShutdownReason } from '../../contract.ts';
import { reasonOf } from '../shutdown.ts';
import { bootLine } from './boot-line.ts';
import type { Outcome, ShellState } from './command.ts';
import { COMMANDS } from './commands/index.ts';
import { createCompletion } from './completion.ts';
import { createRunner } from './runner.ts';
import { openTerminal } from './terminal.ts';
import { pause, untilAborted } from './waits.ts';

/** How long the last words may take to leave, in milliseconds. */
const FAREWELL = 1000;

/**
 * Runs a shell on the domain's console until a command or xend ends it. First come the commands of `-c COMMANDS` in the
 * image's `args`, then the prompt `NAME# `.
 *
 * @returns why the domain ends
 * @throws Error with the message of the command `crash`
 */
export async function runShell(domain: Domain): Promise<ShutdownReason> {
  const state: ShellState = { variables: new Map() };
  const write = (text: string) => domain.console.write(text.replaceAll('\n', '\r\n'));
  const runLine = createRunner(domain, state, write);
  const complete = createCompletion(
    COMMANDS.map((command) => command.name),
    () => domain.devices.list().map((device) => device.name),
  );
  const terminal = openTerminal(domain.console, `${domain.name}# `, complete);

  async function runUntilOutcome(): Promise<Outcome | undefined> {
    let outcome = await runLine(bootCommands(), terminal.interruption);
    while (outcome === undefined && !domain.signal.aborted) {
      const line = await untilAborted(terminal.readLine(), domain.signal).catch(() => '');
      outcome = await runLine(line, terminal.interruption);
    }
    return outcome;
  }

  function bootCommands(): string {
    try {
      return bootLine(domain.commandLine);
    } catch (error) {
      write(`Error: In the args of the image: ${messageOf(error)}\n`);
      return '';
    }
  }

  try {
    write(`${domain.name} is domain ${domain.domid}. Type help for a list of commands.\n`);
    const outcome = (await runUntilOutcome()) ?? { end: reasonOf(domain.signal) };
    if (domain.signal.aborted) write(`\nxend asks for ${reasonOf(domain.signal)}.\n`);
    if ('crash' in outcome) throw new Error(outcome.crash);
    return outcome.end;
  } finally {
    terminal.close();
    await lastWords(domain);
  }
}

async function lastWords(domain: Domain): Promise<void> {
  const gone = new AbortController();
  await Promise.race([domain.console.drained(), pause(FAREWELL, gone.signal)]).finally(() => gone.abort());
}
