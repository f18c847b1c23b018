// SPDX-License-Identifier: Apache-2.0
import { createHash, type Hash } from 'node:crypto';
import { renameSync } from 'node:fs';
import { type FileHandle, open, rm, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { getSystemErrorMessage } from 'node:util';
import { messageOf, XmError } from '../errors.ts';

/**
 * The form of files in which a domain is kept, those of `xm save` and of `xm dump-core`. Numbers are big-endian:
 *
 * | bytes | what |
 * |---|---|
 * | 0-7 | {@link SIGNATURE} |
 * | 8-11 | {@link FORMAT}, the number of this form |
 * | 12-15 | the {@link Kind} |
 * | 16-19 | number of sections |
 * | 20- | for each section 16 bytes: its name, with zeros up to 8 bytes, and the number of its bytes |
 * | then | the sections, in that order, without gaps |
 * | last 32 | SHA-256 of all before |
 *
 * The section `config` is the `(vm ...)` of the domain as text.
 */
export const SIGNATURE = 'xmguest\n';
export const FORMAT = 1;
export const HEADER_BYTES = 20;
export const ENTRY_BYTES = 16;
export const NAME_BYTES = 8;
export const DIGEST_BYTES = 32;

/** What a file holds: a domain that can go on, or one to be looked at. */
export type Kind = 'save' | 'core';

/** Content of a section; parts may be shared memory that changes while they are written. */
export type Content = readonly Uint8Array[];

/** A file that is being written, under another name until it is complete; disposing of it takes it away unless it was kept. */
export interface GuestFileWriter extends AsyncDisposable {
  /** Writes everything, down to the disk. @throws XmError `EFILE` */
  write(sections: Readonly<Record<string, Content>>): Promise<void>;
  /** Gives the file its name, at once. What had it before is replaced. @throws XmError `EFILE` */
  keep(): void;
}

/** Bytes that are copied, summed and written at a time. */
const CHUNK = 2 ** 20;

/** @throws XmError `EFILE` when no file can be written there: before anything was done to the domain */
export async function createGuestFile(path: string, kind: Kind): Promise<GuestFileWriter> {
  const fail = (error: unknown): never => {
    throw new XmError('EFILE', `Cannot write the file "${path}": ${reasonOf(error)}`, { cause: error });
  };
  const there = await stat(path).catch(() => undefined);
  if (there !== undefined && !there.isFile()) {
    fail(new Error(there.isDirectory() ? 'it is a directory' : 'there is something that is no file'));
  }
  const partial = `${resolve(path)}.${process.pid}-${nextNumber++}.new`;
  const file = await open(partial, 'wx', 0o600).catch(fail);
  let kept = false;
  return {
    write: (sections) => writeAll(file, kind, sections).catch(fail),
    keep() {
      try {
        renameSync(partial, path);
      } catch (error) {
        fail(error);
      }
      kept = true;
    },
    async [Symbol.asyncDispose]() {
      await file.close();
      if (kept) await syncDirectory(dirname(partial));
      else await rm(partial, { force: true });
    },
  };
}

let nextNumber = 1;

/** The name of a file, too, is to survive a loss of power; not every file system can be asked for that. */
async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path).catch(() => undefined);
  await directory?.sync().catch(() => {});
  await directory?.close();
}

async function writeAll(file: FileHandle, kind: Kind, sections: Readonly<Record<string, Content>>): Promise<void> {
  const hash = createHash('sha256');
  await file.writeFile(all(hash, header(kind, sections), sections));
  await file.sync();
}

function header(kind: Kind, sections: Readonly<Record<string, Content>>): Uint8Array {
  const entries = Object.entries(sections);
  const head = Buffer.alloc(HEADER_BYTES + ENTRY_BYTES * entries.length);
  head.write(SIGNATURE, 0, 'latin1');
  head.writeUInt32BE(FORMAT, 8);
  head.write(kind, 12, 'latin1');
  head.writeUInt32BE(entries.length, 16);
  entries.forEach(([name, content], index) => {
    const at = HEADER_BYTES + ENTRY_BYTES * index;
    head.write(name, at, NAME_BYTES, 'latin1');
    head.writeBigUInt64BE(BigInt(content.reduce((sum, part) => sum + part.length, 0)), at + NAME_BYTES);
  });
  return head;
}

function* all(hash: Hash, head: Uint8Array, sections: Readonly<Record<string, Content>>): Iterable<Uint8Array> {
  for (const part of [head, ...Object.values(sections).flat()]) {
    for (let at = 0; at < part.length; at += CHUNK) {
      // What is summed is what is written, whatever becomes of shared memory meanwhile.
      const chunk = Buffer.from(part.subarray(at, at + CHUNK));
      hash.update(chunk);
      yield chunk;
    }
  }
  yield hash.digest();
}

/** Why the system refused, in words without the name of the call. */
export function reasonOf(error: unknown): string {
  const { errno } = error as NodeJS.ErrnoException;
  return errno === undefined ? messageOf(error) : getSystemErrorMessage(errno);
}
