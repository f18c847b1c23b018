// SPDX-License-Identifier: Apache-2.0
import { XmError } from '../../../errors.ts';
import type { Domain, ShutdownReason } from '../../contract.ts';
import type { Word } from './syntax.ts';

/** What a shell knows that its user gave it: plain values, which are saved with its domain. */
export interface ShellState {
  /** What `set` sets and `$NAME` gives; `?` is the last command's status, 0 or 1. */
  readonly variables: Map<string, string>;
  /** Commands of the line that have not begun. */
  rest: (readonly Word[])[];
}

/** What a command may use. */
export interface CommandContext {
  readonly domain: Domain;
  readonly state: ShellState;
  /** `performance.now()` when the kernel started. */
  readonly started: number;
  /** Aborts on Ctrl-C and when the domain is asked to end; the command then soon ends, however. */
  readonly signal: AbortSignal;
  /** Prints one line, or several with newlines between. */
  print(line: string): void;
  /** Prints without ending the line. A command that uses it ends its last line itself. */
  write(text: string): void;
}

/** How a command ends the whole domain: orderly, or by a crash with this message. */
export type Outcome = { readonly end: ShutdownReason } | { readonly crash: string };

/** One row of the command table; help, completion and usage errors come from it. */
export interface Command {
  readonly name: string;
  /** The name and what follows it, e.g. `sleep SECONDS`. */
  readonly usage: string;
  /** One sentence for people. */
  readonly help: string;
  /** Whatever it throws is printed as `Error: MESSAGE`, and the prompt returns. */
  run(context: CommandContext, args: readonly string[]): Promise<Outcome | undefined> | Promise<void> | Outcome | void;
}

/** The error of a command that was called wrongly; the shell adds the usage of the command as a hint. */
export function usageError(message: string): XmError {
  return new XmError('EUSAGE', message);
}

/** @throws XmError unless the number of arguments is right */
export function expectArguments(args: readonly string[], least: number, most = least): void {
  if (args.length < least) throw usageError('There is an argument missing.');
  if (args.length > most) throw usageError(`There is an argument too many: '${args[most]}'.`);
}
