// SPDX-License-Identifier: Apache-2.0
import { XmError } from '../../../../errors.ts';
import { type Command, usageError } from '../command.ts';

const set: Command = {
  name: 'set',
  usage: 'set [NAME VALUE]',
  help: 'Set a variable, which is $NAME in later commands; without arguments list all.',
  run(context, args) {
    const { variables } = context.state;
    if (args.length === 0) {
      for (const name of [...variables.keys()].sort())
        if (name !== '?') context.print(`${name}=${variables.get(name)}`);
      return;
    }
    const [name, value, ...more] = args;
    if (value === undefined) throw usageError('There is no value.');
    if (more.length > 0) throw usageError('There is more than one value; quotes keep words together.');
    if (!/^[A-Za-z_]\w*$/.test(name!)) throw new XmError('EINVAL', `'${name}' is no name of a variable.`);
    variables.set(name!, value);
  },
};

const echo: Command = {
  name: 'echo',
  usage: 'echo [WORD ...]',
  help: 'Print the words.',
  run: (context, args) => context.print(args.join(' ')),
};

/** Commands about variables. */
export const variableCommands: readonly Command[] = [set, echo];
