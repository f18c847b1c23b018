// SPDX-License-Identifier: Apache-2.0
import { Config } from '@oclif/core/config';
import { messageOf } from '../errors.ts';
import { type Failure, failureJson, failureText } from './failure.ts';
import { longHelp, shortHelp, topicHelp } from './help.ts';
import { didYouMean } from './suggest.ts';
import { spoken } from './usage.ts';

/**
 * Runs one command line. It finds the command itself: oclif's `run` takes words after a command without arguments for a
 * longer name, and loads its help for every command. A command's errors are its own (`XmCommand.catch`).
 *
 * @param typed arguments after the program's name.
 */
export async function main(typed: readonly string[]): Promise<void> {
  endWithoutReader();
  const argv = helpAsFlag(typed);
  const config = await Config.load(import.meta.filename);
  const id = argv.length === 0 || argv[0] === '--help' ? undefined : findId(argv, config);
  if (id === undefined) return withoutCommand(argv, config);
  const rest = argv.slice(id.split(':').length);
  const command = config.findCommand(id);
  if (!command) return showTopic(id, rest, config);
  if (hasHelpFlag(rest)) return showHelp(id, config);
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
  if (first === 'help') return [...rest.filter((arg) => !isHelp(arg)), '--help'];
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

async function showHelp(id: string, config: Config): Promise<void> {
  const { loadHelpClass } = await import('@oclif/core/help');
  const Help = await loadHelpClass(config);
  await new Help(config).showHelp([id]);
}

function withoutCommand(argv: readonly string[], config: Config): void {
  const [first, second] = argv;
  if (first === undefined) {
    process.stdout.write(shortHelp(config.commands));
    process.exitCode = 1;
  } else if (first === '--help') {
    process.stdout.write(longHelp(config.commands));
  } else if (first === '--version') {
    process.stdout.write(`xm ${config.version}\n`);
  } else {
    const name = config.findTopic(first) ? `${first} ${second}` : first;
    fail(
      notFound(
        name,
        config.commands.map((command) => spoken(command.id)),
      ),
      argv,
    );
  }
}

function notFound(name: string, known: readonly string[]): Failure {
  const near = didYouMean(name, known);
  const list = "'xm help' lists all subcommands";
  const hint = near ? `did you mean '${near}'? ${list}` : list;
  return { code: 'ENOCOMMAND', message: `Subcommand ${name} not found!`, exit: 1, hint };
}

function fail(failure: Failure, argv: readonly string[]): void {
  if (argv.includes('--json')) process.stdout.write(`${JSON.stringify(failureJson(failure), null, 2)}\n`);
  else process.stderr.write(failureText(failure));
  process.exitCode = failure.exit;
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
