// SPDX-License-Identifier: Apache-2.0
import { XmError } from '../errors.ts';
import { printable } from '../words.ts';
import type { ApiError } from '../xend/contract.ts';
import { didYouMean } from './suggest.ts';
import { arityMessage, type CommandShape, optionNames, usageText } from './usage.ts';

/** What the user is told about something that was thrown. */
export interface Failure extends ApiError {
  /** How the command is written and what it does, when it was written wrongly: for stdout. */
  readonly usage?: string;
}

/** What oclif's parser throws; its classes are told apart by name, since a sub-path would load them a second time. */
interface ParseError extends Error {
  readonly parse?: unknown;
  readonly flags?: readonly string[];
  readonly oclif?: { readonly exit?: number };
}

const USAGE_CODE = 'EUSAGE';

/** xm's own words (spec/xend.md 4.4) for the parser's errors; a class that is not here keeps the parser's. */
const PARSE_ERRORS: Readonly<Record<string, (error: ParseError, command: CommandShape) => Partial<Failure>>> = {
  RequiredArgsError: (_error, command) => ({ message: arityMessage(command) }),
  UnexpectedArgsError: (_error, command) => ({ message: arityMessage(command) }),
  // An option without a value has none that a person wrote.
  FailedFlagValidationError: ({ message }) => ({ message: ownPart(message).replaceAll('=true ', ' ') }),
  NonExistentFlagsError: ({ flags = [] }, command) => {
    const near = flags[0]?.startsWith('--') ? didYouMean(flags[0], optionNames(command)) : undefined;
    return { message: `option ${flags[0]} not recognized`, ...(near ? { hint: `did you mean ${near}?` } : {}) };
  },
};

/** The parser's own text around a reason, which is about one option or about several. */
const OPTION_TEXT = /^Parsing --(\S+) \n\t/;
const SEVERAL_TEXT = /^The following errors? occurred:\s*/;
const ADVICE = /\nSee more help with --help$/;

function ownPart(message: string): string {
  const reason = message.replace(ADVICE, '').replace(SEVERAL_TEXT, '');
  return reason.replace(OPTION_TEXT, 'Invalid argument for --$1: ').trim();
}

/**
 * Puts anything that a command threw into words.
 *
 * @param command the command that threw, for its usage.
 */
export function failureOf(thrown: unknown, command: CommandShape): Failure {
  if (thrown instanceof XmError) {
    const { code, exit, hint } = thrown;
    const message = ownPart(thrown.message);
    const usage = code === USAGE_CODE ? { usage: usageText(command) } : {};
    return { code, message, exit, ...(hint === undefined ? {} : { hint }), ...usage };
  }
  if (!(thrown instanceof Error)) return defect(String(thrown));
  const error: ParseError = thrown;
  if (error.parse !== undefined) {
    const usage = { code: USAGE_CODE, exit: error.oclif?.exit ?? 1, usage: usageText(command) };
    return { message: ownPart(error.message), ...usage, ...PARSE_ERRORS[error.constructor.name]?.(error, command) };
  }
  if (error.oclif) return { code: 'ECLI', message: error.message, exit: error.oclif.exit ?? 1 };
  return defect(error.message);
}

/** A mistake in the way a command was written that the parser cannot see; its usage is shown. */
export function usageError(message: string, hint?: string): XmError {
  return new XmError(USAGE_CODE, message, hint === undefined ? {} : { hint });
}

/** The text of a failure on stderr: `Error: MESSAGE`, then the hint. What a domain said drives no terminal. */
export function failureText({ message, hint }: Failure): string {
  const lines = [`Error: ${message}`, ...(hint === undefined ? [] : [`Hint: ${hint}`])];
  return `${printable(lines.join('\n'))}\n`;
}

/** Tells the user: on stderr, and how the command is written on stdout (spec/xend.md 4.4); with `--json` all of it on stdout. */
export function report(failure: Failure, form: 'text' | 'json' | 'json line'): void {
  const { usage, exit } = failure;
  if (form !== 'text') {
    process.stdout.write(`${JSON.stringify(failureJson(failure), null, form === 'json' ? 2 : 0)}\n`);
  } else {
    process.stderr.write(failureText(failure));
    if (usage !== undefined) process.stdout.write(`\n${usage}\n`);
  }
  process.exitCode = exit;
}

/** The same for `--json`. */
export function failureJson({ code, message, exit, hint }: Failure): { readonly error: ApiError } {
  return { error: { code, message, exit, ...(hint === undefined ? {} : { hint }) } };
}

function defect(message: string): Failure {
  const hint = 'this is a defect of xm; with XM_DEBUG=1 it says where';
  return { code: 'EINTERNAL', message: `Unexpected error: ${message}`, exit: 1, hint };
}
