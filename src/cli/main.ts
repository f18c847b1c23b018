// SPDX-License-Identifier: Apache-2.0
import { Config } from '@oclif/core/config';
import { messageOf } from '../errors.ts';
import { type Failure, report } from './failure.ts';
import { longHelp, shortHelp, topicHelp } from './help.ts';
import { findName, type NameFound } from './names.ts';
import { spoken } from './usage.ts';

/**
 * Runs one command line. It finds the command itself: oclif's `run` takes words after a command without arguments for a
 * longer name, and loads its help for every command. A command's errors are its own (`XmCommand.catch`).
 *
 * @param typed arguments after the program's name.
 */
export async function main(typed: readonly string[]): Promise<void> {
  endWithoutReader();
  await runLine(typed, await Config.load(import.meta.filename));
}

/**
 * Runs one of possibly many command lines of this process.
 *
 * @param typed a subcommand and its arguments
 */
export async function runLine(typed: readonly string[], config: Config): Promise<void> {
  const argv = helpAsFlag(typed);
  if (argv[0] === undefined || argv[0].startsWith('-')) return withoutCommand(argv, config);
  const id = findId(argv, config);
  if (id === undefined) return withOtherName(argv, config);
  const rest = argv.slice(id.split(':').length);
  const command = config.findCommand(id);
  if (!command) return showTopic(id, rest, config);
  if (hasHelpFlag(rest)) {
    await showHelp(id, config, typed[0] === 'help' || hasHelpFlag(typed));
    // What it takes is known to the class.
    if (id === 'device-attach') process.stdout.write(await (await import('./class-help.ts')).classHelp(rest));
    return;
  }
  try {
    await config.runCommand(id, rest, command);
  } catch (error) {
    fail({ code: 'EINTERNAL', message: messageOf(error), exit: 1 }, argv);
    if (process.env.XM_DEBUG === '1') process.stderr.write(`${(error as Error).stack}\n`);
  }
}

/** `help`, `help COMMAND` and `-h` in one form: `--help`, `COMMAND --help`. */
function helpAsFlag(typed: readonly string[]): string[] {
  const [first, ...rest] = typed;
  const isHelp = (arg: string) => arg === '--help' || arg === '-h';
  if (first === 'help') return [...rest.filter((arg) => !isHelp(arg) && arg !== '--long'), '--help'];
  const end = typed.includes('--') ? typed.indexOf('--') : typed.length;
  return typed.map((arg, at) => (isHelp(arg) && at < end ? '--help' : arg));
}

function hasHelpFlag(argv: readonly string[]): boolean {
  return argv.slice(0, argv.includes('--') ? argv.indexOf('--') : argv.length).includes('--help');
}

/** The longest run of words that names a command, or a topic that stands alone. */
function findId([first = '', second = '']: readonly string[], config: Config): string | undefined {
  const id = [`${first}:${second}`, first].find((name) => config.findCommand(name));
  const alone = second === '' || second.startsWith('-');
  return id ?? (alone && config.findTopic(first) ? first : undefined);
}

/** A topic alone, such as `xm xend`, is as incomplete as `xm` alone. */
function showTopic(topic: string, rest: readonly string[], config: Config): void {
  process.stdout.write(topicHelp(topic, config.commands));
  if (!hasHelpFlag(rest)) process.exitCode = 1;
}

/** @param wanted by `xm help COMMAND` or `--help`, as everywhere; with `-h` the command has not done what it is for, as in Xen */
async function showHelp(id: string, config: Config, wanted: boolean): Promise<void> {
  const { loadHelpClass } = await import('@oclif/core/help');
  const Help = await loadHelpClass(config);
  await new Help(config).showHelp([id]);
  if (!wanted) process.exitCode = 1;
}

function withoutCommand(argv: readonly string[], config: Config): void {
  const [first] = argv;
  if (first === undefined) {
    process.stdout.write(shortHelp(config.commands));
    process.exitCode = 1;
  } else if (first === '--help') {
    process.stdout.write(longHelp(config.commands));
  } else if (first === '--version') {
    process.stdout.write(`xm ${config.version}\n`);
  } else {
    fail(failureFor(first, { kind: 'unknown', hint: "'xm help' lists all subcommands" }, config), argv);
  }
}

/** Runs what a former or shortened name stands for, or says why there is nothing. */
async function withOtherName([first = '', ...rest]: readonly string[], config: Config): Promise<void> {
  const name = config.findTopic(first) ? `${first} ${rest[0]}` : first;
  const visible = config.commands.filter(({ hidden }) => !hidden).map(({ id }) => spoken(id));
  const found = findName(name, visible);
  if ('note' in found) process.stderr.write(`${found.note}\n`);
  if (found.kind !== 'command') return fail(failureFor(name, found, config), rest);
  await runLine([...found.name.split(' '), ...rest], config);
}

function failureFor(typed: string, found: Exclude<NameFound, { kind: 'command' }>, { commands }: Config): Failure {
  if (found.kind === 'unknown') {
    const usage = shortHelp(commands).trimEnd();
    return { code: 'ENOCOMMAND', message: `Subcommand ${typed} not found!`, exit: 1, hint: found.hint, usage };
  }
  const { why, ...more } = found.reason;
  return { code: 'ENOTSUP', message: `'xm ${found.name}' is not supported: ${why}.`, exit: 1, ...more };
}

function fail(failure: Failure, argv: readonly string[]): void {
  report(failure, argv.includes('--json') ? 'json' : 'text');
}

/** `xm log | head` is no error: nobody is left to tell. A full disk is one. */
function endWithoutReader(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') process.exit();
      if (stream === process.stdout) process.stderr.write(`Error: Unable to write the output: ${error.message}\n`);
      process.exit(1);
    });
  }
}
