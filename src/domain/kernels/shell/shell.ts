// SPDX-License-Identifier: Apache-2.0
import { messageOf } from '../../../errors.ts';
import type { Domain, ShutdownReason } from '../../contract.ts';
import { reasonOf } from '../shutdown.ts';
import { bootLine } from './boot-line.ts';
import type { Outcome, ShellState } from './command.ts';
import { COMMANDS } from './commands/index.ts';
import { createCompletion } from './completion.ts';
import { untilInterrupted } from './interrupts.ts';
import { createRunner } from './runner.ts';
import { readSaved, saveHooks } from './saved.ts';
import { openTerminal } from './terminal.ts';
import { createTurn } from './turn.ts';
import { pause, untilAborted } from './waits.ts';

/** How long the last words may take to leave, in milliseconds. */
const FAREWELL = 1000;

/**
 * Runs a shell on the domain's console until a command, an interrupt or xend ends it. First come the commands of `-c COMMANDS`
 * in the image's `args`, then the prompt `NAME# `. One that was saved goes on where it was instead.
 *
 * @returns why the domain ends
 * @throws Error with the message of the command `crash`
 */
export async function runShell(domain: Domain): Promise<ShutdownReason> {
  const saved = readSaved(domain.restored);
  const state: ShellState = saved?.state ?? { variables: new Map(), rest: [] };
  const turn = createTurn();
  const write = (text: string) => domain.console.write(text.replaceAll('\n', '\r\n'));
  const { runLine, runRest } = createRunner(domain, state, turn, write);
  const complete = createCompletion(
    COMMANDS.map((command) => command.name),
    () => domain.devices.list().map((device) => device.name),
  );
  const terminal = openTerminal(domain.console, `${domain.name}# `, complete, saved?.typed);
  domain.onSave(saveHooks(state, terminal, turn));
  const interrupted = untilInterrupted(domain, write);

  async function runUntilOutcome(): Promise<Outcome | undefined> {
    const { interruption } = terminal;
    let outcome = await (saved === undefined ? runLine(bootCommands(), interruption) : runRest(interruption));
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
    const again = saved === undefined ? '' : ' now, restored';
    write(`${domain.name} is domain ${domain.domid}${again}. Type help for a list of commands.\n`);
    const outcome = (await Promise.race([runUntilOutcome(), interrupted])) ?? { end: reasonOf(domain.signal) };
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
