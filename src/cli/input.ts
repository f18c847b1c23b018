// SPDX-License-Identifier: Apache-2.0
import { createReadStream } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { isatty } from 'node:tty';
import { messageOf, XmError } from '../errors.ts';
import type { ConfigText } from '../xend/contract.ts';

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'permission denied',
  EISDIR: 'it is a directory',
};

/** Bytes of a configuration, as many as xend takes: a disk image or a device given by mistake is not read into memory. */
const SIZE_LIMIT = 2 ** 22;

/**
 * Reads a domain configuration where the user is, so that xend needs no access to it.
 *
 * @param file a path, or `-` for stdin, whose relative paths then start in the current directory.
 * @throws XmError `ENOCONFIG` when it cannot be read.
 */
export async function readConfig(file: string): Promise<ConfigText> {
  try {
    return {
      text: await readText(file === '-' ? standardInput() : createReadStream(file)),
      file: file === '-' ? '<stdin>' : file,
      directory: file === '-' ? process.cwd() : dirname(resolve(file)),
    };
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? '';
    throw new XmError('ENOCONFIG', `Unable to open config file: ${file}`, {
      hint: REASONS[code] ?? messageOf(cause),
      cause,
    });
  }
}

/** As a stream: a pipe may have nothing yet. A terminal is opened anew, since a console may be attached to it afterwards. */
function standardInput(): NodeJS.ReadableStream {
  return isatty(0) ? createReadStream('/dev/stdin') : process.stdin;
}

async function readText(stream: NodeJS.ReadableStream): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stream) {
    size += chunk.length;
    if (size > SIZE_LIMIT) throw new Error(`it is larger than ${SIZE_LIMIT} bytes`);
    chunks.push(Buffer.from(chunk));
  }
  return Buffer.concat(chunks).toString('utf8');
}

/**
 * `KEY=VALUE` words as one object. Values may hold further equals signs.
 *
 * @throws XmError `EPAIR` for a word that is no pair, or a key given twice.
 */
export function readPairs(words: readonly string[]): Record<string, string> {
  const pairs = new Map<string, string>();
  for (const word of words) {
    const cut = word.indexOf('=');
    if (cut <= 0) throw new XmError('EPAIR', `${word} should be a pair, separated by an equals sign.`);
    const key = word.slice(0, cut);
    if (pairs.has(key)) throw new XmError('EPAIR', `${key} is given twice.`);
    pairs.set(key, word.slice(cut + 1));
  }
  return Object.fromEntries(pairs);
}
