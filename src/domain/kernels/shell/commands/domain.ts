// SPDX-License-Identifier: Apache-2.0
import { type Command, expectArguments } from '../command.ts';
import { parseSeconds } from '../numbers.ts';
import { pause } from '../waits.ts';

const uptime: Command = {
  name: 'uptime',
  usage: 'uptime',
  help: 'Print for how long the domain has been running.',
  run(context, args) {
    expectArguments(args, 0);
    context.print(`up ${((performance.now() - context.started) / 1000).toFixed(3)} s`);
  },
};

const printArgs: Command = {
  name: 'args',
  usage: 'args',
  help: 'Print the args of the image, as the configuration has them.',
  run(context, args) {
    expectArguments(args, 0);
    context.print(context.domain.commandLine);
  },
};

const sleep: Command = {
  name: 'sleep',
  usage: 'sleep SECONDS',
  help: 'Wait for a time; Ctrl-C ends it.',
  run(context, args) {
    expectArguments(args, 1);
    return pause(parseSeconds(args[0]!) * 1000, context.signal);
  },
};

const exit: Command = {
  name: 'exit',
  usage: 'exit',
  help: 'End the domain: power off.',
  run(_context, args) {
    expectArguments(args, 0);
    return { end: 'poweroff' };
  },
};

const reboot: Command = {
  name: 'reboot',
  usage: 'reboot',
  help: 'End the domain and ask for it to start again.',
  run(_context, args) {
    expectArguments(args, 0);
    return { end: 'reboot' };
  },
};

const crash: Command = {
  name: 'crash',
  usage: 'crash [MESSAGE]',
  help: 'Make the kernel crash, to see what happens then.',
  run: (_context, args) => ({ crash: args.length === 0 ? 'crash was asked for' : args.join(' ') }),
};

const hang: Command = {
  name: 'hang',
  usage: 'hang',
  help: 'Loop for ever without yielding; only xm destroy ends it.',
  run(_context, args) {
    expectArguments(args, 0);
    for (;;);
  },
};

/** Commands about the domain itself. */
export const domainCommands: readonly Command[] = [uptime, printArgs, sleep, exit, reboot, crash, hang];
