// SPDX-License-Identifier: Apache-2.0
import { createReadStream, existsSync } from 'node:fs';
import { dirname, isAbsolute, join, resolve } from 'node:path';
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

/** Where configurations are looked for that are not where they were said to be (spec/xend.md 2.2). */
export const CONFIG_PATH = '.:/etc/xen';

/**
 * Reads a domain configuration where the user is, so that xend needs no access to it.
 *
 * @param file a path, or `-` for stdin, whose relative paths then start in the current directory.
 * @param path directories, with colons between them, in which a relative path is looked for when there is no such file.
 * @throws XmError `ENOCONFIG` when it cannot be read.
 */
export async function readConfig(file: string, path = ''): Promise<ConfigText> {
  const found = file === '-' ? file : find(file, path);
  try {
    return {
      text: await readText(file === '-' ? standardInput() : createReadStream(found)),
      file: file === '-' ? '<stdin>' : found,
      directory: file === '-' ? process.cwd() : dirname(resolve(found)),
    };
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? '';
    throw new XmError('ENOCONFIG', `Unable to open config file: ${file}`, {
      hint: REASONS[code] ?? messageOf(cause),
      cause,
    });
  }
}

/** The file as it was given, or the first one of the path. */
function find(file: string, path: string): string {
  const elsewhere = isAbsolute(file) ? [] : path.split(':').filter(Boolean);
  return [file, ...elsewhere.map((directory) => join(directory, file))].find((name) => existsSync(name)) ?? file;
}

/** The words of a command that takes a file and variables, as `xm create FILE memory=64` (spec/xend.md 2.3). */
export interface ConfigWords {
  readonly files: readonly string[];
  /** `NAME=VALUE` each. */
  readonly variables: readonly string[];
}

/** Tells files from variables: a variable begins with a name and an equals sign. */
export function splitWords(words: readonly string[]): ConfigWords {
  const isVariable = (word: string) => /^\w+=/.test(word);
  return { files: words.filter((word) => !isVariable(word)), variables: words.filter(isVariable) };
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
  // Unlike a Buffer's, this leaves out the mark that some editors begin a file with.
  return new TextDecoder().decode(Buffer.concat(chunks));
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
