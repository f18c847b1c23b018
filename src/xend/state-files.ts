// SPDX-License-Identifier: Apache-2.0
import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeDirectory } from '../directories.ts';
import { messageOf, XmError } from '../errors.ts';

/** One file of {@link StateFiles}. */
export interface StateFile {
  /** Of the domain, if xend wrote the file. */
  readonly uuid: string;
  readonly path: string;
  /** What it holds, or why it cannot be read. */
  readonly text: string | Error;
}

/** SXP that xend keeps on disk, a file for each domain. */
export interface StateFiles {
  /**
   * Writes a domain's file: first under another name, then renamed, so that a reader sees all or nothing.
   *
   * @throws XmError `ESTATE` when the directory takes no file
   */
  write(uuid: string, sxp: string): void;
  remove(uuid: string): void;
  /** The files that are there, by uuid; torn ones are removed. */
  list(): readonly StateFile[];
}

/** @param directory made if it is not there */
export function openStateFiles(directory: string): StateFiles {
  makeDirectory(directory);
  const pathOf = (uuid: string): string => join(directory, `${uuid}.sxp`);
  return {
    write(uuid, sxp) {
      const path = pathOf(uuid);
      const text = `# ${path} ${new Date().toISOString()}\n${sxp}`;
      try {
        writeFileSync(`${path}.new`, text, { mode: 0o600, flush: true });
        renameSync(`${path}.new`, path);
      } catch (error) {
        throw new XmError('ESTATE', `Cannot write the domain's record: ${messageOf(error)}`, { cause: error });
      }
    },
    remove(uuid) {
      rmSync(pathOf(uuid), { force: true });
    },
    list() {
      const files = readdirSync(directory, { withFileTypes: true }).filter((entry) => entry.isFile());
      const names = files.map(({ name }) => name).sort();
      for (const name of names) if (name.endsWith('.new')) rmSync(join(directory, name), { force: true });
      return names
        .filter((name) => name.endsWith('.sxp'))
        .map((name) => ({ uuid: name.slice(0, -4), path: join(directory, name), text: read(join(directory, name)) }));
    },
  };
}

function read(path: string): string | Error {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    return error as Error;
  }
}
