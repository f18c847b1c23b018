// SPDX-License-Identifier: Apache-2.0
import { XmError } from '../../../../errors.ts';
import { type Command, type CommandContext, expectArguments } from '../command.ts';
import { findDisk, readBytes, sectorsOf, writeBytes } from '../disks.ts';
import { parseBytes } from '../numbers.ts';
import { takeOptions } from '../options.ts';
import { hexLines, printable } from '../text.ts';
import { untilAborted } from '../waits.ts';

/** A multiple of sixteen, so that lines of a dump are whole; small, so that little is printed after Ctrl-C. */
const PRINTED_AT_ONCE = 4096;

const read: Command = {
  name: 'read',
  usage: 'read [-x] DEV OFFSET LENGTH',
  help: 'Print bytes of a disk as text, what is not printable as dots; with -x in hex.',
  async run(context, args) {
    const { given, rest } = takeOptions(args, 'x');
    expectArguments(rest, 3);
    const disk = findDisk(context.domain.devices, rest[0]!);
    const start = parseBytes(rest[1]!, 'offset');
    const end = start + parseBytes(rest[2]!, 'length');
    sectorsOf(disk, start, end - start);
    const show = given.has('x') ? hexPrinter(context) : textPrinter(context);
    for (let at = start; at < end; at += PRINTED_AT_ONCE) {
      const bytes = await readBytes(disk, at, Math.min(PRINTED_AT_ONCE, end - at));
      show(bytes, at, at + bytes.length === end);
      // The console drops what is not taken; a slow reader slows the command instead.
      await untilAborted(context.domain.console.drained(), context.signal);
    }
  },
};

const write: Command = {
  name: 'write',
  usage: 'write [-x] DEV OFFSET TEXT',
  help: 'Write a text to a disk, in UTF-8; with -x bytes given in hex.',
  async run(context, args) {
    const { given, rest } = takeOptions(args, 'x');
    expectArguments(rest, 3);
    const disk = findDisk(context.domain.devices, rest[0]!);
    const offset = parseBytes(rest[1]!, 'offset');
    const data = given.has('x') ? parseHex(rest[2]!) : new TextEncoder().encode(rest[2]);
    await writeBytes(disk, offset, data);
    context.print(`${data.length} bytes written`);
  },
};

/** Commands for a few bytes of a disk. */
export const blockCommands: readonly Command[] = [read, write];

type Printer = (bytes: Uint8Array, offset: number, last: boolean) => void;

function hexPrinter(context: CommandContext): Printer {
  return (bytes, offset) => context.print(hexLines(bytes, offset).join('\n'));
}

function textPrinter(context: CommandContext): Printer {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  return (bytes, _offset, last) => {
    const text = printable(decoder.decode(bytes, { stream: !last }));
    context.write(last && !text.endsWith('\n') ? `${text}\n` : text);
  };
}

function parseHex(text: string): Uint8Array {
  const digits = text.replaceAll(/\s/g, '');
  if (!/^([0-9a-f]{2})*$/i.test(digits)) throw new XmError('EINVAL', `'${text}' is not made of pairs of hex digits.`);
  return Uint8Array.from(digits.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}
