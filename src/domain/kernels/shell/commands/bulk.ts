// SPDX-License-Identifier: Apache-2.0
import { XmError } from '../../../../errors.ts';
import type { Digest, Domain } from '../../../contract.ts';
import { inChunks } from '../chunks.ts';
import { type Command, expectArguments, usageError } from '../command.ts';
import { findDisk, sectorsOf } from '../disks.ts';
import { parseBytes } from '../numbers.ts';
import { takeOptions } from '../options.ts';
import { type ByteStream, randomStream, repeatedStream } from '../streams.ts';

const sum: Command = {
  name: 'sum',
  usage: 'sum [-a ALGORITHM] DEV [OFFSET LENGTH]',
  help: 'Print the checksum of a disk or a part of it, as md5sum does; -a takes e.g. sha256.',
  async run(context, args) {
    const { given, rest } = takeOptions(args, 'a:');
    if (rest.length !== 3) expectArguments(rest, 1);
    const name = rest[0]!;
    const disk = findDisk(context.domain.devices, name);
    const offset = parseBytes(rest[1] ?? '0', 'offset');
    const end = rest[2] === undefined ? disk.size : offset + parseBytes(rest[2], 'length');
    const digest = newDigest(context.domain, given.get('a') ?? 'md5');
    await inChunks(
      sectorsOf(disk, offset, end - offset),
      context.signal,
      (chunk) => disk.readInto(chunk.offset, chunk.bytes),
      (chunk) => digest.update(chunk.bytes.subarray(Math.max(0, offset - chunk.offset), end - chunk.offset)),
    );
    context.print(`${digest.hex()}  ${name}`);
  },
};

const copy: Command = {
  name: 'copy',
  usage: 'copy DEV DEV',
  help: 'Copy all of the first disk to the beginning of the second.',
  async run(context, args) {
    expectArguments(args, 2);
    const [from, to] = args.map((name) => findDisk(context.domain.devices, name));
    if (from === to) throw new XmError('EINVAL', 'A disk cannot be copied to itself.');
    const size = from!.size;
    if (to!.size < size) throw new XmError('ENOSPC', `'${args[1]}' is smaller: ${to!.size} bytes instead of ${size}.`);
    await inChunks({ start: 0, end: size }, context.signal, async (chunk) => {
      await from!.readInto(chunk.offset, chunk.bytes);
      await to!.write(chunk.offset, chunk.bytes);
    });
    await to!.flush();
    context.print(`${size} bytes copied`);
  },
};

const fill: Command = {
  name: 'fill',
  usage: 'fill DEV [-s SEED | TEXT]',
  help: 'Fill a disk with a pseudo-random stream, or a text over and over; print the md5 of what was meant to be written.',
  async run(context, args) {
    const { given, rest } = takeOptions(args, 's:');
    expectArguments(rest, 1, 2);
    const [name, text] = rest;
    const disk = findDisk(context.domain.devices, name!);
    const stream = streamFor(given.get('s'), text);
    // Of the stream, before the disk has seen it: a host that reads the image compares with this.
    const digest = newDigest(context.domain, 'md5');
    await inChunks({ start: 0, end: disk.size }, context.signal, (chunk) => {
      stream(chunk.bytes);
      digest.update(chunk.bytes);
      return disk.write(chunk.offset, chunk.bytes);
    });
    await disk.flush();
    context.print(`${digest.hex()}  ${name}`);
  },
};

/** Commands for whole disks, with several requests in flight. */
export const bulkCommands: readonly Command[] = [sum, copy, fill];

function newDigest(domain: Domain, algorithm: string): Digest {
  const digest = domain.digest(algorithm);
  if (digest === undefined)
    throw new XmError('EINVAL', `There is no checksum '${algorithm}'; md5 and sha256 are usual.`);
  return digest;
}

function streamFor(seed: string | undefined, text: string | undefined): ByteStream {
  if (text === undefined) return randomStream(parseSeed(seed ?? '0'));
  if (seed !== undefined) throw usageError('There is either a seed or a text.');
  if (text === '') throw usageError('The text is empty.');
  return repeatedStream(new TextEncoder().encode(text));
}

function parseSeed(text: string): number {
  const seed = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!(seed < 2 ** 32)) throw new XmError('EINVAL', `'${text}' is no seed: a whole number below 4294967296.`);
  return seed;
}
