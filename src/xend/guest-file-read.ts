// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { XmError } from '../errors.ts';
import {
  DIGEST_BYTES,
  ENTRY_BYTES,
  FORMAT,
  HEADER_BYTES,
  type Kind,
  NAME_BYTES,
  reasonOf,
  SIGNATURE,
} from './guest-file.ts';

const CHUNK = 2 ** 20;
const KINDS: Readonly<Record<string, string>> = { save: 'a saved domain', core: 'a core' };

/** A file that cannot be used. */
class BadFile extends XmError {
  constructor(path: string, at: number, what: string) {
    super('EBADFILE', `Not a valid guest state file, "${path}": byte ${at}: ${what}`);
  }
}

/**
 * Reads a file of a domain, all of it or nothing.
 *
 * @param limits the sections that it has, and the most bytes of each
 * @returns the sections by name
 * @throws XmError `EFILE` when there is nothing to be read, `EBADFILE` with the place where it is not what it should be: foreign,
 * newer, cut, damaged, or too large
 */
export async function readGuestFile<N extends string>(
  path: string,
  kind: Kind,
  limits: Readonly<Record<N, number>>,
): Promise<Readonly<Record<N, Uint8Array>>> {
  const fail = (error: unknown): never => {
    throw new XmError('EFILE', `Cannot read the file "${path}": ${reasonOf(error)}`, { cause: error });
  };
  // Before it is opened: a pipe would be waited for.
  const found = await stat(path).catch(fail);
  if (!found.isFile()) fail(new Error(found.isDirectory() ? 'it is a directory' : 'it is no file'));
  const file = await open(path).catch(fail);
  try {
    return await readAll(file, path, kind, limits);
  } catch (error) {
    throw error instanceof XmError ? error : fail(error);
  } finally {
    await file.close();
  }
}

async function readAll<N extends string>(
  file: FileHandle,
  path: string,
  kind: Kind,
  limits: Readonly<Record<N, number>>,
): Promise<Readonly<Record<N, Uint8Array>>> {
  const { size } = await file.stat();
  const bad = (at: number, what: string) => new BadFile(path, at, what);
  const hash = createHash('sha256');

  /** The next bytes. @param where they begin */
  async function take(where: number, length: number, what: string, summed = true): Promise<Buffer> {
    if (where + length > size) throw bad(size, `the file ends here, within ${what}`);
    const bytes = Buffer.alloc(length);
    for (let at = 0; at < length; ) {
      const { bytesRead } = await file.read(bytes, at, Math.min(CHUNK, length - at), where + at);
      if (bytesRead === 0) throw bad(where + at, `the file ends here, within ${what}`);
      if (summed) hash.update(bytes.subarray(at, at + bytesRead));
      at += bytesRead;
    }
    return bytes;
  }

  const head = await take(0, Math.min(HEADER_BYTES, size), 'its header');
  if (!head.toString('latin1').startsWith(SIGNATURE)) throw bad(0, 'there is no signature');
  if (head.length < HEADER_BYTES) throw bad(size, 'the file ends here, within its header');
  const format = head.readUInt32BE(8);
  if (format !== FORMAT) throw bad(8, `it is of format ${format}, this xm knows format ${FORMAT}`);
  const itsKind = head.toString('latin1', 12, 16);
  if (itsKind !== kind) throw bad(12, `it is ${KINDS[itsKind] ?? 'of no known kind'}, not ${KINDS[kind]}`);
  const names = Object.keys(limits) as N[];
  const count = head.readUInt32BE(16);
  if (count !== names.length) throw bad(16, `it has ${count} sections, not ${names.length}`);

  const table = await take(HEADER_BYTES, ENTRY_BYTES * count, 'its table of sections');
  const lengths = names.map((name, index) => {
    const at = ENTRY_BYTES * index;
    const place = HEADER_BYTES + at;
    const itsName = table.toString('latin1', at, at + NAME_BYTES).replace(/\0+$/, '');
    if (itsName !== name) throw bad(place, `there is ${JSON.stringify(itsName)} where section ${name} should be`);
    const length = table.readBigUInt64BE(at + NAME_BYTES);
    if (length > limits[name]) {
      throw bad(place + NAME_BYTES, `section ${name} has ${length} bytes, ${limits[name]} are the most`);
    }
    return Number(length);
  });

  let at = HEADER_BYTES + table.length;
  const end = lengths.reduce((sum, length) => sum + length, at) + DIGEST_BYTES;
  if (size > end) throw bad(end, `${size - end} bytes follow where its end should be`);
  const sections: Partial<Record<N, Uint8Array>> = {};
  for (const [index, name] of names.entries()) {
    sections[name] = await take(at, lengths[index]!, `section ${name}`);
    at += lengths[index]!;
  }
  const digest = await take(at, DIGEST_BYTES, 'its checksum', false);
  if (!hash.digest().equals(digest)) throw bad(at, 'its checksum does not fit what is before: it is damaged');
  return sections as Record<N, Uint8Array>;
}
