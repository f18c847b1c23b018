// SPDX-License-Identifier: Apache-2.0
import { XmError } from '../../../../errors.ts';
import { didYouMean } from '../../../../words.ts';
import { type Command, expectArguments } from '../command.ts';
import { table } from '../text.ts';
import { blockCommands } from './blocks.ts';
import { bulkCommands } from './bulk.ts';
import { deviceCommands } from './devices.ts';
import { domainCommands } from './domain.ts';
import { storeCommands } from './store.ts';
import { variableCommands } from './variables.ts';

const help: Command = {
  name: 'help',
  usage: 'help [COMMAND]',
  help: 'List the commands, or explain one.',
  run(context, args) {
    expectArguments(args, 0, 1);
    if (args[0] === undefined) return context.print(table(COMMANDS.map((command) => [command.usage, command.help])));
    const command = findCommand(args[0]);
    context.print(`Usage: ${command.usage}\n${command.help}`);
  },
};

/** Every command, in the order of the help. */
export const COMMANDS: readonly Command[] = [
  help,
  ...deviceCommands,
  ...blockCommands,
  ...bulkCommands,
  ...variableCommands,
  ...storeCommands,
  ...domainCommands,
];

/** @throws XmError with a suggestion when there is no such command */
export function findCommand(name: string): Command {
  const command = COMMANDS.find((known) => known.name === name);
  if (command !== undefined) return command;
  const hint =
    didYouMean(
      name,
      COMMANDS.map((known) => known.name),
    ) ?? 'type help for a list.';
  throw new XmError('ENOCMD', `There is no command '${name}'; ${hint}`);
}
